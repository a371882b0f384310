// Keys as their owner and administrators see them.

import type { RotatedKey } from "../../catalog/registry.ts";
import type { KeyItem } from "../../entities/administration.ts";
import { developmentNamespace } from "../../entities/development.ts";
import type { Identity } from "../../entities/identity.ts";
import type { KeyFilter, OpenedKey, RegisteredKey } from "../../storage/registry-store.ts";
import type { AppContext } from "../context.ts";

export function shownKey(key: RegisteredKey | OpenedKey): KeyItem {
  return { ...key, good: !key.blocked && (key.ends === null || key.ends > Date.now()) };
}

export function keyText(key: RegisteredKey): string {
  return JSON.stringify(shownKey(key));
}

export function rotationText({ key, now, before }: RotatedKey): string {
  return JSON.stringify({ key, now: shownKey(now), before: before === null ? null : shownKey(before) });
}

/** Where the well-known keys count they are keys like others, though no row holds them. */
export function developmentKeys(c: AppContext, { subject, namespace }: KeyFilter, secrets: boolean): KeyItem[] {
  const identity = c.get("settings").developmentKeys ? developmentNamespace(namespace ?? subject ?? "") : undefined;
  if (identity === undefined || (subject ?? identity.subject) !== identity.subject) return [];
  return [developmentItem(identity, secrets)];
}

export function developmentItem({ subject, namespace: { name, uuid }, key }: Identity, secrets: boolean): KeyItem {
  const whose = { id: uuid, subject, namespace: name, name: "default" };
  const state = {
    created: 0,
    ends: null,
    replacedBy: null,
    role: "owner",
    scope: null,
    blocked: false,
    good: true,
  } as const;
  return { ...whose, ...state, ...(secrets ? { key } : {}) };
}
