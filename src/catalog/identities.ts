// Subjects and their keys to namespaces, as an administrator makes, blocks and deletes them. When one of these has
// returned, no isolate takes a key that was taken away, and what waits in a blocked name ends.

import { type Identity, idsOf } from "../entities/identity.ts";
import { isName } from "../entities/names.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { ActivationStoreRpc } from "../protocol/rpc.ts";
import type { IdentityStore, NamespaceStanding, NewIdentity, SubjectStanding } from "../storage/identity-store.ts";

/** All that these ask of the world. */
export interface IdentityContext {
  identities: Pick<IdentityStore, "create" | "standing" | "block" | "remove" | "rotate">;
  /** Runs a write to what these namespaces may be opened with: when it returns,
   * nobody anywhere uses what he had read before. */
  withWrites<T>(namespaces: readonly string[], write: () => Promise<T>): Promise<T>;
  /** Stores over which the activations of each namespace are spread. */
  shards: number;
  /** One of these stores; `namespaceId` is one of the namespace's ids. */
  shard(namespaceId: string, shard: number): Pick<ActivationStoreRpc, "bar">;
}

/** Stores told at the same time. */
const AT_ONCE = 64;

/** The subject gets a key to the namespace, by default the one that is named as he is. Fails with `bad-request` where
 * that can be no namespace, `already-exists` for a second key of his to it or one that somebody has, `subject-blocked`,
 * `namespace-closed`, `too-many-keys`. */
export async function createIdentity(
  context: IdentityContext,
  { namespace: named, ...asked }: Omit<NewIdentity, "namespace"> & { namespace?: string | undefined },
): Promise<Result<Identity>> {
  const { subject } = asked;
  const namespace = named ?? subject;
  if (!isName(namespace)) return fail("bad-request", "The namespace contains illegal characters.");
  const made = await context.withWrites([namespace], () => context.identities.create({ ...asked, namespace }));
  if (made.kind === "exists") return fail("already-exists");
  if (made.kind === "blocked") return fail("subject-blocked");
  if (made.kind === "closed") return fail("namespace-closed", namespace);
  if (made.kind === "full") return fail("too-many-keys", String(asked.most));
  const { identity } = made;
  if (!made.fresh) {
    await tellStores(context, { subject, barred: false, namespaces: [{ namespace: identity.namespace, open: true }] });
  }
  return ok(identity);
}

/** Fails with `not-found`. */
export async function getSubject({ identities }: IdentityContext, subject: string): Promise<Result<SubjectStanding>> {
  const standing = await identities.standing(subject);
  return standing === null ? fail("not-found") : ok(standing);
}

/** Or opens what was blocked. Fails with `not-found`. */
export async function blockSubject(
  context: IdentityContext,
  { subject, blocked }: { subject: string; blocked: boolean },
): Promise<Result<SubjectStanding>> {
  const changed = await changing(context, subject, () => context.identities.block(subject, blocked));
  if (changed === null) return fail("not-found");
  await tellStores(context, { ...changed, barred: blocked });
  return ok(changed);
}

/** All keys of the subject, or his key to one namespace; how it stands with those. Fails with `not-found`. */
export async function removeSubject(
  context: IdentityContext,
  { subject, namespace }: { subject: string; namespace: string | undefined },
): Promise<Result<SubjectStanding>> {
  const gone = await changing(context, subject, () => context.identities.remove(subject, namespace));
  if (gone === null) return fail("not-found");
  await tellStores(context, { ...gone, barred: true });
  return ok(gone);
}

/** Another key in place of the subject's, by default of the namespace that is named as he is. Fails with `not-found`,
 * and with `already-exists` for a key that somebody has. */
export async function rotateKey(
  { identities, withWrites }: Pick<IdentityContext, "identities" | "withWrites">,
  { subject, namespace = subject, key }: { subject: string; namespace?: string | undefined; key?: string | undefined },
): Promise<Result<Identity>> {
  const made = await withWrites([namespace], () => identities.rotate(subject, namespace, key));
  if (made === null) return fail("not-found");
  return made === "exists" ? fail("already-exists") : ok(made);
}

/** Changes what a subject may open: when it returns no isolate uses what it had read of the namespaces before. */
async function changing(
  { identities, withWrites }: IdentityContext,
  subject: string,
  write: () => Promise<SubjectStanding | null>,
): Promise<SubjectStanding | null> {
  const before = await identities.standing(subject);
  if (before === null) return null;
  const names = before.namespaces.map((each) => each.namespace.name);
  const changed = await withWrites(names, write);
  // Those that came between the look and the write.
  const more = (changed?.namespaces ?? []).map((each) => each.namespace.name).filter((name) => !names.includes(name));
  if (more.length > 0) await withWrites(more, async () => undefined);
  return changed;
}

/** What waits in the subject's name ends, and where nobody has the namespace any more all that waits there;
 * or may wait again. */
export async function tellStores(
  context: Pick<IdentityContext, "shards" | "shard">,
  { subject, barred, namespaces }: { subject: string; barred: boolean; namespaces: readonly NamespaceStanding[] },
): Promise<void> {
  const calls = namespaces.flatMap(({ namespace, open }) =>
    idsOf(namespace).flatMap((id) =>
      Array.from({ length: context.shards }, (_, shard) => () => {
        return context.shard(id, shard).bar(subject, { barred, everybody: !open });
      }),
    ),
  );
  for (let at = 0; at < calls.length; at += AT_ONCE) {
    await Promise.all(calls.slice(at, at + AT_ONCE).map((call) => call()));
  }
}
