// GET and POST /namespaces/{ns}/records: an export, and back.

import { exportRecords, importRecords } from "../activations/records.ts";
import { described } from "../api/operations.ts";
import type { App } from "../context.ts";
import { methodNotAllowed } from "../method.ts";
import { inOwnNamespace } from "../owner/own.ts";

const PATH = "/api/v1/namespaces/:ns/records";

export function recordRoutes(app: App): void {
  app.get(PATH, described("exportRecords", inOwnNamespace(exportRecords)));
  app.post(PATH, described("importRecords", inOwnNamespace(importRecords)));
  app.all(PATH, methodNotAllowed("GET, POST"));
}
