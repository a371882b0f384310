// The form of a segment, in workerd.

import { segmentSuite } from "./segment-suite.ts";

segmentSuite();
