// One call as it travels from the Worker to a scheduler, through a store's waiting rows, and to a host.

import { z } from "zod";

const payload = z.union([
  z.strictObject({ inline: z.string() }),
  z.strictObject({ blob: z.string().max(512), size: z.number().int().nonnegative() }),
]);

const limits = z.object({
  timeout: z.number(),
  memory: z.number(),
  logs: z.number(),
  concurrency: z.number(),
  instances: z.number().exactOptional(),
});

export const About = z.object({
  namespace: z.string(),
  namespaceId: z.string(),
  subject: z.string(),
  name: z.string(),
  version: z.string(),
  path: z.string(),
  kind: z.string(),
  limits,
  acceptedAt: z.number(),
  transactionId: z.string(),
  binding: z.string().exactOptional(),
  cause: z.string().exactOptional(),
  causedBy: z.literal("sequence").exactOptional(),
  topmost: z.boolean().exactOptional(),
  conductor: z.literal(true).exactOptional(),
  store: z.boolean().exactOptional(),
});

export const Completion = z.object({
  statusCode: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  result: payload,
  size: z.number(),
  duration: z.number().nonnegative(),
  elapsed: z.number().nonnegative().exactOptional(),
  initTime: z.number().nonnegative().exactOptional(),
  endedAgo: z.number().nonnegative(),
  timedOut: z.boolean(),
  engine: z.string(),
  host: z.string().exactOptional(),
  ran: z.boolean(),
  logs: payload.exactOptional(),
  logsCut: z.number().exactOptional(),
});

/** What to run. `args` is the text of a JSON object (or array) with all parameter layers merged. */
export const Invocation = z.object({
  id: z.string().length(32),
  about: About,
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
  /** "activation": a credential is minted when the run is sent; "owner": the namespace's own key, sealed in `sealedKey`. */
  credential: z.enum(["none", "activation", "owner"]),
  sealedKey: z.string().exactOptional(),
  blocking: z.boolean(),
  /** Bytes an answer may have, and of what is echoed of a longer one, where the namespace has limits of its own. */
  answerBounds: z.object({ max: z.number(), truncation: z.number() }).exactOptional(),
});
export type Invocation = z.infer<typeof Invocation>;
