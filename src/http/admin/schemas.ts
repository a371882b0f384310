// What goes into the admin API and comes out of it, by the names under which its description shows it. What is checked
// at the door is here itself; answers are checked against it in tests.

import * as z from "zod";
import {
  AdministratorChange,
  AdministratorItem,
  AdministratorToken,
  ConfigItem,
  ContentsAnswer,
  DeletionAnswer,
  DeletionWish,
  HostAnswer,
  HostDrained,
  HostGone,
  HostRename,
  HostToken,
  IdentityAnswer,
  KeyChange,
  KeyItem,
  KeyRotation,
  LimitChanges,
  Limits,
  LimitsAnswer,
  NamespaceItem,
  NewAdministrator,
  NewHost,
  NewIdentity,
  NewKey,
  NewNamespace,
  pageOf,
  ResealOrder,
  RotationAnswer,
  StatusAnswer,
  SubjectAnswer,
  SubjectItem,
  WaitingItem,
  Whois,
} from "../../entities/administration.ts";
import { AuditAnswer } from "../../entities/audit.ts";
import {
  ImportAnswer,
  LocationAnswer,
  MoveOrder,
  MovesAnswer,
  RecordsStatus,
  RetentionAnswer,
  UsageAnswer,
} from "../../entities/record-administration.ts";
import { EventHookOrder, ForwardingAnswer, RecordHookOrder } from "../../entities/record-hook.ts";
import { RetentionPolicy } from "../../entities/retention.ts";
import { SourcesAnswer } from "../../entities/source.ts";
import type { RosterEntry, SchedulerStatus } from "../../protocol/rpc.ts";
import type { Resealed } from "../../storage/secret-book.ts";

const text = z.string();
const yesNo = z.boolean();
/** Epoch ms, MB, or so many. */
const whole = z.number();

const RosterItem = z.object({
  ...{ scheduler: z.custom<RosterEntry["scheduler"]>(), host: text, connected: yesNo, draining: yesNo },
  ...{ unhealthy: text.exactOptional(), impaired: text.exactOptional() },
  ...{ memory: whole, engine: text, build: text, blackbox: yesNo, labels: z.array(text).exactOptional() },
  runtimes: z.array(z.object({ kind: text, image: text, digest: text })),
  /** Its security level, and what it lacks for the next one. */
  security: z.custom<NonNullable<RosterEntry["security"]>>().exactOptional(),
  ...{ since: whole, epoch: whole },
}) satisfies z.ZodType<RosterEntry>;

const Scheduler = z.object({
  ...{ name: z.custom<SchedulerStatus["name"]>(), epoch: whole, connected: yesNo, ready: yesNo, draining: yesNo },
  /** What its host says of itself. */
  report: z.custom<NonNullable<SchedulerStatus["report"]>>().exactOptional(),
  ...{ silence: whole.exactOptional(), memory: whole, used: whole, running: whole },
  ...{ containers: whole.exactOptional(), strangers: whole },
}) satisfies z.ZodType<SchedulerStatus>;

const Lost = z.object({ subject: text, namespace: text });

/** As the door takes it. */
export const ADMIN_BODIES = {
  Whois,
  NewHost,
  HostRename,
  MoveOrder,
  Limits,
  LimitChanges,
  RetentionBounds: RetentionPolicy,
  NewIdentity,
  NewKey,
  KeyChange,
  KeyRotation,
  NewNamespace,
  DeletionWish,
  ForwardingOrder: RecordHookOrder,
  EventsOrder: EventHookOrder,
  ResealOrder,
  NewAdministrator,
  AdministratorChange,
} satisfies Record<string, z.ZodType>;

export const ADMIN_ANSWERS = {
  Status: StatusAnswer,
  Waiting: z.object({ items: z.array(WaitingItem), more: yesNo }),
  Config: z.object({ items: z.array(ConfigItem) }),
  AuditPage: AuditAnswer,
  SubjectPage: pageOf(SubjectItem),
  Subject: SubjectAnswer,
  KeyPage: pageOf(KeyItem),
  Key: KeyItem,
  IssuedIdentity: IdentityAnswer,
  RotatedKey: RotationAnswer,
  NamespacePage: pageOf(NamespaceItem),
  Namespace: NamespaceItem,
  NamespaceLimits: LimitsAnswer,
  Contents: ContentsAnswer,
  Deletion: DeletionAnswer,
  Retention: RetentionAnswer,
  Usage: UsageAnswer,
  Forwarding: ForwardingAnswer,
  HostTokens: z.array(
    z.object({
      ...{ name: text, created: whole, shards: whole },
      ...{ unhealthy: text.optional(), impaired: text.optional() },
    }),
  ),
  HostToken,
  HostDrained,
  HostGone,
  Host: HostAnswer,
  /** `differs`: what differs from most hosts, or from what is wanted. */
  Schedulers: z.array(RosterItem.extend({ differs: z.array(text) })),
  Scheduler,
  Location: LocationAnswer,
  RecordsStatus,
  Moves: MovesAnswer,
  Sources: SourcesAnswer,
  AdministratorPage: pageOf(AdministratorItem),
  Administrator: AdministratorItem,
  AdministratorToken,
  /** `mayGo`: with the last batch, when MASTER_SECRET_PREVIOUS is of no more use. */
  Resealed: z.object({
    resealed: whole,
    lost: z.array(Lost),
    next: text.nullable(),
    mayGo: text.optional(),
  }) satisfies z.ZodType<Resealed>,
  ImportReport: ImportAnswer,
  /** Lines of JSON. */
  RecordLines: text,
} satisfies Record<string, z.ZodType>;

export type AdminBodyName = keyof typeof ADMIN_BODIES | "RecordLines";
export type AdminAnswerName = keyof typeof ADMIN_ANSWERS;
