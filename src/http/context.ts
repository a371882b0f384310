// What every handler finds on Hono's context.

import type { Context, Hono } from "hono";
import type { AdminRole } from "../entities/administrator.ts";
import type { Identity } from "../entities/identity.ts";
import type { Env, Settings } from "../env.ts";
import type { ErrorCode, Failure } from "../errors.ts";
import type { Services } from "../services/services.ts";
import type { FairQueue } from "./fair-queue.ts";
import type { Needs } from "./needs.ts";
import type { Places } from "./places.ts";

export interface AppEnv {
  Bindings: Env;
  Variables: {
    /** Set first, on every request. */
    transactionId: string;
    /** Bodies that are late, of this isolate. */
    unfinished: Places;
    /** Of the requests of namespaces, in this isolate. */
    queue: FairQueue;
    /** Why it was refused; set with the answer. */
    failure: ErrorCode;
    services: Services;
    settings: Settings;
    /** Set below /api/v1/namespaces only, after authentication. */
    identity: Identity;
    /** Epoch of the caller's own namespace: what was read from the entity store under another epoch is stale. */
    epoch: number;
    /** What the route that is being served needs; absent where it asks for no key. */
    needs?: Needs;
    /** Why the key that opened this request is good no more, or may no more do what is being done; null where it may.
     * Set with `identity`. For what goes on for long. */
    refusedNow: () => Promise<Failure | null>;
    /** Set below /admin/v1 only: who administers. `name`: null stands for whoever holds ADMIN_TOKEN. */
    administrator: { name: string | null; role: AdminRole };
    /** Set below /host/v1 only: the name of the runtime host that is calling. */
    host: string;
    /** How many schedulers its token opens. */
    shards: number;
  };
}

export type AppContext = Context<AppEnv>;
export type App = Hono<AppEnv>;
