// Every command of `edgewhisk`. A new one is a file in commands/ and a line here.

import { activationExplain } from "./commands/activation-explain.ts";
import { activationExport } from "./commands/activation-export.ts";
import { activationImport } from "./commands/activation-import.ts";
import { activationList } from "./commands/activation-list.ts";
import { activationLocate } from "./commands/activation-locate.ts";
import { ADMINISTRATOR_COMMANDS } from "./commands/administrators.ts";
import { audit } from "./commands/audit.ts";
import { backup } from "./commands/backup.ts";
import { bootstrap } from "./commands/bootstrap.ts";
import { config } from "./commands/config.ts";
import { contract } from "./commands/contract.ts";
import { doctor } from "./commands/doctor.ts";
import { events } from "./commands/events.ts";
import { host } from "./commands/host.ts";
import { HOST_COMMANDS } from "./commands/hosts.ts";
import { images } from "./commands/images.ts";
import { KEY_COMMANDS } from "./commands/keys.ts";
import { LIMITS_COMMANDS } from "./commands/limits.ts";
import { logs } from "./commands/logs.ts";
import { migrate } from "./commands/migrate.ts";
import { NAMESPACE_COMMANDS } from "./commands/namespaces.ts";
import { OWN_COMMANDS } from "./commands/own.ts";
import { recordsForward } from "./commands/records-forward.ts";
import { recordsMove } from "./commands/records-move.ts";
import { RETENTION_COMMANDS } from "./commands/records-retention.ts";
import { recordsStatus } from "./commands/records-status.ts";
import { reseal } from "./commands/reseal.ts";
import { restore } from "./commands/restore.ts";
import { SOURCE_COMMANDS } from "./commands/sources.ts";
import { start } from "./commands/start.ts";
import { STATS_COMMANDS } from "./commands/stats.ts";
import { STATUS_COMMANDS } from "./commands/status.ts";
import { SUBJECT_COMMANDS } from "./commands/subjects.ts";
import { wskadmin } from "./commands/wskadmin.ts";
import type { Entry } from "./shared/command.ts";

export const TABLE: readonly Entry[] = [
  start,
  host,
  backup,
  restore,
  bootstrap,
  migrate,
  reseal,
  recordsStatus,
  recordsMove,
  ...RETENTION_COMMANDS,
  recordsForward,
  events,
  logs,
  activationList,
  ...STATS_COMMANDS,
  activationExplain,
  activationLocate,
  activationExport,
  activationImport,
  ...OWN_COMMANDS,
  images,
  contract,
  ...SUBJECT_COMMANDS,
  ...NAMESPACE_COMMANDS,
  ...KEY_COMMANDS,
  ...ADMINISTRATOR_COMMANDS,
  ...LIMITS_COMMANDS,
  ...SOURCE_COMMANDS,
  ...HOST_COMMANDS,
  ...STATUS_COMMANDS,
  doctor,
  config,
  audit,
  wskadmin,
];

/** A word before commands of two words, and what its own help says. */
export const FAMILIES: Readonly<Record<string, string>> = {
  activation: "records of activations",
  own: "what the owner of a namespace decides for it",
  subject: "who may come in",
  namespace: "what keys open",
  key: "single keys, each with a name, an end, a role and a scope",
  administrator: "who administers the deployment, each with a role",
  limits: "what a namespace may use",
  source: "databases, buckets and queues whose changes fire triggers",
  records: "where records are kept, and how long",
  hosts: "the machines that run actions",
};
