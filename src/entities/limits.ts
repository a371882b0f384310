// Bounds of what an action may ask for and of what a call may carry. Defaults are upstream's reference configuration.

export interface Bounds {
  min: number;
  std: number;
  max: number;
}

/** timeout in ms, memory and logs in MB, concurrency in activations per container. */
export interface ActionLimits {
  timeout: number;
  memory: number;
  logs: number;
  concurrency: number;
  instances?: number;
}

export interface LimitBounds {
  /** ms an activation may run. */
  timeout: Bounds;
  /** MB its container may use. */
  memory: Bounds;
  /** MB of logs that are kept of an activation. */
  logs: Bounds;
  /** Activations that may share a container. */
  concurrency: Bounds;
}

/** What an action may ask for, and gets where it asks for nothing. */
export const DEFAULT_BOUNDS: LimitBounds = {
  timeout: { min: 100, std: 60_000, max: 300_000 },
  memory: { min: 128, std: 256, max: 512 },
  logs: { min: 0, std: 10, max: 10 },
  concurrency: { min: 1, std: 1, max: 1 },
};

/** Bytes of a megabyte, as all our limits count it. */
export const MB = 1024 * 1024;

/** Bytes of an invoke or fire payload. */
export const MAX_PAYLOAD = MB;
/** Bytes of an action's answer; what is longer is cut and becomes an application error. */
export const MAX_RESULT = MB;
/** Bytes of the prefix echoed when an answer was too long. */
export const TRUNCATION = MB;
/** Bytes of all parameters, and of all annotations, of one entity. */
export const MAX_PARAMETERS = MB;
/** Bytes of a body that makes an entity without code: its parameters and annotations,
 * however many small ones they are. */
export const MAX_ENTITY = 4 * MB;
/** Bytes of action code as stored (base64 for archives). */
export const MAX_CODE = 48 * MB;
/** Bytes of arguments, a result or logs that travel inside a frame; larger ones lie in the blob store. */
export const MAX_INLINE = 64 * 1024;
/** Bytes of any request body. */
export const MAX_BODY = 50 * MB;
/** ms a blocking call, or a wait for its record, may take. */
export const MAX_WAIT = 60_000;
/** Seconds a call waits for a host where neither the deployment nor the action says how long. */
export const DEFAULT_QUEUE_TIME = 3_600;
/** Seconds, at most, that a deployment or an action may say. */
export const MAX_QUEUE_TIME = 7 * 86_400;
/** Characters of the name of an entity, and of a part of its path. */
export const MAX_NAME = 256;
/** Actions in a sequence, those of sequences within it included. */
export const SEQUENCE_LENGTH = 50;
/** Invocations a minute of a namespace without its own limits. */
export const DEFAULT_INVOCATIONS_PER_MINUTE = 60;
/** Invocations at once of a namespace without its own limits. */
export const DEFAULT_CONCURRENT = 30;
/** Fires of triggers a minute of a namespace without its own limits. */
export const DEFAULT_FIRES_PER_MINUTE = 60;
