// What a scheduler makes with the deployment's secret: keys for actions, and proofs for its host.

import { mintCredential } from "../../src/entities/credential.ts";
import { scopeOf } from "../../src/entities/identity.ts";
import { type MasterSecret, open } from "../../src/entities/sealing.ts";
import { type Env, masterSecretOf } from "../../src/env.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { Proofs } from "../../src/protocol/proofs.ts";
import type { SchedulerPorts } from "./ports.ts";

/** Both throw where the secret is missing: then the platform serves nobody. */
export function secretsOf(
  env: Pick<Env, "MASTER_SECRET" | "MASTER_SECRET_PREVIOUS">,
): Pick<SchedulerPorts, "proofs" | "credential"> {
  let known: MasterSecret | undefined;
  let proofs: Proofs | undefined;
  const secret = (): MasterSecret => {
    known ??= masterSecretOf(env);
    return known;
  };
  return {
    proofs() {
      proofs ??= new Proofs(secret());
      return proofs;
    },
    credential: async (invocation, expiresAt) => credential(secret(), invocation, expiresAt),
  };
}

/** A key that does not open any more, since its secret is gone, is not handed on: the action gets a credential. */
async function credential(secret: MasterSecret, invocation: Invocation, expiresAt: number): Promise<string> {
  const { credential: wanted, sealedKey, about, rights = "use", scope } = invocation;
  const key = wanted === "owner" && sealedKey !== undefined ? await open(secret, "handed-on-key", sealedKey) : null;
  if (key !== null) return key;
  const { namespaceId, keyId = "" } = about;
  return mintCredential(secret, { namespaceId, keyId, rights, ...scopeOf(scope), expiresAt });
}
