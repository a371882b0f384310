// What connectors ask of the platform, over HTTP with the host's token. Each question is asked once:
// who asks knows when again.

import { Pool } from "undici";
import type { FiresAnswer, HostFires, HostTurn, TurnAnswer } from "../../src/protocol/subscriptions.ts";

export interface SubscriptionApi {
  /** Both reject where there is no answer, or none that makes sense. */
  turn(turn: HostTurn): Promise<TurnAnswer>;
  fire(fires: HostFires): Promise<FiresAnswer>;
  close(): Promise<void>;
}

const TURN_WITHIN_MS = 6_000;
/** Longer than the platform takes to say of each fire that it does not know. */
const FIRE_WITHIN_MS = 30_000;
const CONNECTIONS = 16;

export function openSubscriptionApi({ url, token }: { url: string; token: string }): SubscriptionApi {
  const pool = new Pool(url, { connections: CONNECTIONS, connectTimeout: 5_000 });

  async function post<T>(path: string, body: object, withinMs: number): Promise<T> {
    const { statusCode, body: answer } = await pool.request({
      method: "POST",
      path,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(withinMs),
    });
    if (statusCode === 200) return (await answer.json()) as T;
    await answer.dump({ limit: 65_536 });
    throw new Error(`the platform answered ${statusCode}`);
  }

  return {
    turn: (turn) => post("/host/v1/subscriptions", turn, TURN_WITHIN_MS),
    fire: (fires) => post("/host/v1/subscriptions/fires", fires, FIRE_WITHIN_MS),
    close: () => pool.destroy(),
  };
}
