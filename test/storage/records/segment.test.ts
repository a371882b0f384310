// The form of a segment, in Node.

import { segmentSuite } from "./segment-suite.ts";

segmentSuite();
