// What one object keeps: SQLite that outlives its incarnations, and the alarm. Writes are local at once and durable a
// commit later; a crash before the commit takes them back,
// together with everything that was to leave the object after them.

import { Sqlite } from "../../support/sqlite.ts";

export class ObjectStorage {
  readonly sql = new Sqlite();
  alarm: number | null = null;
  /** True while writes are not confirmed. */
  open = false;
  #alarmBefore: number | null = null;

  constructor() {
    this.sql.db.exec("CREATE TABLE _kv (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
  }

  begin(): void {
    if (this.open) return;
    this.open = true;
    this.#alarmBefore = this.alarm;
    this.sql.db.exec("BEGIN");
  }

  commit(): void {
    if (!this.open) return;
    this.open = false;
    this.sql.db.exec("COMMIT");
  }

  rollback(): void {
    if (!this.open) return;
    this.open = false;
    this.sql.db.exec("ROLLBACK");
    this.alarm = this.#alarmBefore;
  }
}

/** `ctx.storage` as one incarnation sees it. `touch` is called before each access, `write` before each that changes. */
export class Storage {
  readonly sql: { exec: Sqlite["exec"]; readonly databaseSize: number };
  readonly kv: { get(key: string): unknown; put(key: string, value: unknown): void; delete(key: string): boolean };
  readonly transactionSync: Sqlite["transactionSync"];
  #shelf: ObjectStorage;
  #gate: { touch: () => void; write: () => void; committed: () => Promise<void>; rearm: () => void };

  constructor(
    shelf: ObjectStorage,
    gate: { touch: () => void; write: () => void; committed: () => Promise<void>; rearm: () => void },
  ) {
    this.#shelf = shelf;
    this.#gate = gate;
    const enter = (): void => {
      gate.touch();
      shelf.sql.onWrite = gate.write;
    };
    this.sql = {
      databaseSize: 4096,
      exec: (query, ...bindings) => {
        enter();
        return shelf.sql.exec(query, ...bindings);
      },
    };
    this.transactionSync = (run) => {
      enter();
      return shelf.sql.transactionSync(run);
    };
    this.kv = {
      get: (key) => this.#read(key),
      put: (key, value) => this.#write(key, value),
      delete: (key) => {
        this.sql.exec("DELETE FROM _kv WHERE key = ?", key);
        return true;
      },
    };
  }

  async get(key: string): Promise<unknown> {
    return this.#read(key);
  }

  async put(key: string, value: unknown): Promise<void> {
    this.#write(key, value);
    await this.#gate.committed();
  }

  async delete(key: string): Promise<boolean> {
    this.sql.exec("DELETE FROM _kv WHERE key = ?", key);
    await this.#gate.committed();
    return true;
  }

  async sync(): Promise<void> {
    this.#gate.touch();
    await this.#gate.committed();
  }

  async transaction<T>(run: () => Promise<T>): Promise<T> {
    return await run();
  }

  async getAlarm(): Promise<number | null> {
    this.#gate.touch();
    return this.#shelf.alarm;
  }

  async setAlarm(time: number | Date, options: { allowUnconfirmed?: boolean } = {}): Promise<void> {
    this.#gate.touch();
    const at = typeof time === "number" ? time : time.getTime();
    if (options.allowUnconfirmed !== true) this.#gate.write();
    this.#shelf.alarm = at;
    this.#gate.rearm();
  }

  async deleteAlarm(): Promise<void> {
    this.#gate.touch();
    this.#gate.write();
    this.#shelf.alarm = null;
  }

  async deleteAll(): Promise<void> {
    throw new Error("deleteAll is not simulated");
  }

  #read(key: string): unknown {
    const [row] = this.sql.exec<{ value: string }>("SELECT value FROM _kv WHERE key = ?", key).toArray();
    return row === undefined ? undefined : JSON.parse(row.value);
  }

  #write(key: string, value: unknown): void {
    const text = JSON.stringify(value);
    this.sql.exec("INSERT INTO _kv VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, text);
  }
}
