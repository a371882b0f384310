// Where a request comes from, as the proxy in front says it, and nobody else.

import { expect, test } from "vitest";
import { clientAddress } from "../../src/http/client-address.ts";

const headers = new Headers({ "X-Forwarded-For": "10.0.0.1, 192.0.2.7", "X-Long": "1".repeat(65), "X-Blank": " , " });

test.each([
  ["X-Forwarded-For", "192.0.2.7"],
  ["X-Long", null],
  ["X-Blank", null],
  ["X-Absent", null],
  [null, null],
])("by %s it is %s", (header, address) => {
  expect(clientAddress(headers, header)).toBe(address);
});
