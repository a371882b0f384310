// The messages of the treaty that the host handles by name.

import type { HostMessage, SchedulerMessage } from "../../src/protocol/messages.ts";

/** A run to be started. */
export type RunMessage = Extract<SchedulerMessage, { t: "run" }>;
/** A container to be made ahead of a call. */
export type PrepareMessage = Extract<SchedulerMessage, { t: "prepare" }>;
/** Which containers run nothing. */
export type ListMessage = Extract<SchedulerMessage, { t: "list" }>;
/** A run that has ended, with its logs or without; the store keeps it. */
export type RecordMessage = Extract<HostMessage, { t: "record" }>;
/** What a run has answered; its logs may still come. */
export type ResultMessage = Extract<HostMessage, { t: "result" }>;
/** What a run has printed so far, for who follows it. */
export type LinesMessage = Extract<HostMessage, { t: "lines" }>;
