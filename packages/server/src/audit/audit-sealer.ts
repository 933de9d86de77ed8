import type { Clock, TenantId } from '@fleetsweep/protocol'
import type { AuditKeys, SigningKeys } from '../signing-key/index.ts'
import { CHAIN_START, chainEntries, headInput } from './audit-chain.ts'
import type { AuditHead, AuditPrincipal } from './audit-entry.ts'
import type { AuditStore } from './audit-store.ts'

/** Entries of one transaction. It takes some ten milliseconds, for which other writes may have to wait. */
const CHUNK = 512

const SERVER: AuditPrincipal = { kind: 'server', id: 'server', name: 'server' }

export type AuditSealerParts = {
  auditOf: (tenant: TenantId) => AuditStore
  signingKeys: Pick<SigningKeys, 'auditKeys' | 'addKey'>
  clock: Clock
}

/**
 * Gives all entries of a tenant that are committed by now their place in its chain, and signs where it ends. An entry
 * that commits later gets a later place, whatever moment it bears. Any number of nodes may do this at once.
 *
 * @returns the newest head, when this call made one
 * @throws Error when the chain ends in what this server did not sign: such a chain is never continued
 */
export async function sealAudit(
  { auditOf, signingKeys, clock }: AuditSealerParts,
  tenant: TenantId,
): Promise<AuditHead | undefined> {
  const audit = auditOf(tenant)
  let keys: AuditKeys | undefined
  let made: AuditHead | undefined
  for (;;) {
    // The head first: entries that another node seals in between then show as a head that follows this one.
    const end = await audit.newestHead()
    const entries = await audit.unsealed(CHUNK)
    if (entries.length === 0) return made
    keys ??= await keysOf(signingKeys, tenant)
    if (end && !keys.isSignedBy(end.keyId, headInput(tenant, end), end.signature)) {
      throw new Error(
        `The audit chain of tenant ${tenant} ends at ${end.position} in a head that this server did not sign. Nothing is sealed until that is resolved; see docs/audit.md.`,
      )
    }
    const placed = chainEntries(tenant, end ?? CHAIN_START, entries)
    const { position, hash } = placed.at(-1) ?? CHAIN_START
    const unsigned = { position, hash, signedAt: clock.now() }
    const { keyId, sign } = keys.current
    const head = { ...unsigned, keyId, signature: sign(headInput(tenant, unsigned)) }
    const outcome = await audit.seal({ follows: end?.position ?? 0, entries: placed, head })
    if (outcome === 'overtaken') continue
    made = head
    if (entries.length < CHUNK) return made
  }
}

/** Made by whoever first needs it, where set-up did not. */
async function keysOf(signingKeys: AuditSealerParts['signingKeys'], tenant: TenantId): Promise<AuditKeys> {
  const known = await signingKeys.auditKeys(tenant)
  if (known) return known
  await signingKeys.addKey(tenant, 'audit', SERVER)
  const added = await signingKeys.auditKeys(tenant)
  if (!added) throw new Error(`The audit key of tenant ${tenant} was added and is not there.`)
  return added
}
