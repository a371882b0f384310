// One call as it travels from the Worker to a scheduler, through a store's waiting rows, and to a host.

import * as z from "zod";

/** Characters of a name, a path, or whatever else says what an activation is. */
export const MAX_TEXT = 1_024;
/** Characters of a transaction id: callers may bring their own. */
export const MAX_TRANSACTION = 16_384;

const text = z.string().max(MAX_TEXT);
const amount = z.number().nonnegative();

const payload = z.union([
  z.strictObject({ inline: z.string() }),
  z.strictObject({ blob: z.string().max(512), size: z.number().int().nonnegative() }),
]);

const limits = z.object({
  timeout: amount,
  memory: amount,
  logs: amount,
  concurrency: amount,
  instances: amount.exactOptional(),
});

/** Who and what an activation is, as hosts and rows carry it: the schema of `ActivationMeta`. Times are epoch ms,
 * limits are in ms and MB. */
export const ActivationMetaSchema = z.object({
  namespace: text,
  namespaceId: text,
  subject: text,
  name: text,
  version: text,
  path: text,
  kind: text,
  limits,
  acceptedAt: amount,
  transactionId: z.string().max(MAX_TRANSACTION),
  keyId: text.exactOptional(),
  binding: text.exactOptional(),
  cause: text.exactOptional(),
  causedBy: z.literal("sequence").exactOptional(),
  topmost: z.boolean().exactOptional(),
  conductor: z.literal(true).exactOptional(),
  store: z.boolean().exactOptional(),
  permitMs: amount.exactOptional(),
  actionRevision: text.exactOptional(),
  trigger: text.exactOptional(),
  rule: text.exactOptional(),
  source: text.exactOptional(),
});

/** What to run. `args` is the text of a JSON object (or array) with all parameter layers merged. */
export const Invocation = z.object({
  id: z.string().length(32),
  about: ActivationMetaSchema,
  /** Warm containers are reused for the same invoking namespace, action path and revision only. */
  revision: z.string(),
  exec: z.object({
    kind: z.string(),
    /** Black box actions name their image. */
    image: z.string().exactOptional(),
    main: z.string().exactOptional(),
    binary: z.boolean(),
    code: z.object({ key: z.string(), hash: z.string(), size: z.number() }).exactOptional(),
  }),
  args: payload,
  /** Stringified values that go into the environment at /init only. */
  initEnv: z.record(z.string(), z.string()).exactOptional(),
  /** "activation": a credential is minted when the run is sent; "owner": the namespace's own key,
   * sealed in `sealedKey`. */
  credential: z.enum(["none", "activation", "owner"]),
  /** Of a credential that is minted; where absent, "use". */
  rights: z.enum(["none", "read", "invoke", "use", "deploy"]).exactOptional(),
  /** Patterns of the names it opens; where absent, all. Hosts are not told. */
  scope: z.array(text).readonly().exactOptional(),
  sealedKey: z.string().exactOptional(),
  blocking: z.boolean(),
  /** Labels a host must have to run it. */
  labels: z.array(z.string().max(64)).max(16).exactOptional(),
  /** ms it may wait for a host, where that is not the deployment's. */
  maxQueue: z.number().positive().exactOptional(),
  /** Bytes an answer may have, and of what is echoed of a longer one, where the namespace has limits of its own. */
  answerBounds: z.object({ max: z.number(), truncation: z.number() }).exactOptional(),
});
export type Invocation = z.infer<typeof Invocation>;
