// GET and POST /namespaces/{ns}/records: an export, and back.

import { exportRecords, importRecords } from "../activations/records.ts";
import { described } from "../api/operations.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { ownNamespaceOf } from "../namespace.ts";

const PATH = "/api/v1/namespaces/:ns/records";

export function recordRoutes(app: App): void {
  app.get(PATH, described("exportRecords", own(exportRecords)));
  app.post(PATH, described("importRecords", own(importRecords)));
  app.all(PATH, methodNotAllowed("GET, POST"));
}

function own(answer: typeof exportRecords): (c: AppContext) => Promise<Response> {
  return async (c) => {
    const namespace = ownNamespaceOf(c);
    return namespace.ok ? answer(c, c.get("identity").namespace) : respond(c, namespace);
  };
}
