import { codecSuite } from "./codec-suite.ts";

codecSuite("Node");
