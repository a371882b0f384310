// What is kept with a host's socket while the scheduler sleeps.

import type { HostReport } from "../../src/protocol/messages.ts";

/** Kept with the socket while the object sleeps. */
export interface Attachment {
  key: string;
  name: string;
  acceptedAt: number;
  boot?: string;
  report?: HostReport;
}

/** The platform keeps 16 KB with a socket. */
const MAX_ATTACHED = 15_000;

/** Keeps the report with the socket; a long one without its images, which only the roster shows. */
export function attach(socket: WebSocket, report: HostReport): void {
  const attachment = socket.deserializeAttachment() as Attachment;
  const whole = { ...attachment, report };
  const runtimes = report.runtimes.map(({ kind }) => ({ kind, image: "", digest: "" }));
  const fits = JSON.stringify(whole).length <= MAX_ATTACHED;
  socket.serializeAttachment(fits ? whole : { ...attachment, report: { ...report, runtimes } });
}
