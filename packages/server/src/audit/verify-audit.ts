import { setImmediate } from 'node:timers/promises'
import type { NotedHead, TenantId } from '@fleetsweep/protocol'
import type { SigningKeys } from '../signing-key/index.ts'
import { headInput } from './audit-chain.ts'
import type { AuditHead, SealedAuditEntry } from './audit-entry.ts'
import type { AuditStore } from './audit-store.ts'
import { ChainCheck } from './chain-check.ts'

/** Entries read at once: a few milliseconds, after which others have their turn. */
const PAGE = 500

/** Before any place: an entry at 0 or below was never sealed and must show. */
const BEFORE_ALL = Number.MIN_SAFE_INTEGER

export type ChainVerdict = ReturnType<ChainCheck['finish']> & { unsealed: number }

/**
 * Checks the whole chain of a tenant against its rows, its signed heads and, where one was noted, a head that was kept
 * elsewhere. What is sealed meanwhile is left for the next time.
 *
 * @throws whatever the signal was aborted with
 */
export async function verifyAudit(
  parts: { audit: AuditStore; signingKeys: Pick<SigningKeys, 'auditKeys'> },
  tenant: TenantId,
  { noted, signal }: { noted?: NotedHead | undefined; signal?: AbortSignal | undefined } = {},
): Promise<ChainVerdict> {
  const { audit, signingKeys } = parts
  const through = (await audit.newestHead())?.position ?? 0
  // After the head, so that the key it was signed with is among them.
  const keys = await signingKeys.auditKeys(tenant)
  const isSigned = (head: AuditHead) =>
    keys?.isSignedBy(head.keyId, headInput(tenant, head), head.signature) ?? false
  const check = new ChainCheck(tenant, isSigned, noted)
  const heads = readHeads(audit, through)
  let head = await heads.next()
  for await (const page of readEntries(audit, through)) {
    for (const entry of page) {
      check.takeEntry(entry)
      while (!head.done && head.value.position <= check.position) {
        check.takeHead(head.value)
        head = await heads.next()
      }
    }
    signal?.throwIfAborted()
    await setImmediate()
  }
  for (; !head.done; head = await heads.next()) check.takeHead(head.value)
  const beyond = await audit.beyondNewestHead()
  return { ...check.finish(beyond), unsealed: await audit.countUnsealed() }
}

async function* readEntries(audit: AuditStore, through: number): AsyncGenerator<SealedAuditEntry[]> {
  let after = { position: BEFORE_ALL, id: '' }
  for (;;) {
    const page = await audit.sealed({ after, through, limit: PAGE })
    yield page
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    after = { position: last.position, id: last.id }
  }
}

async function* readHeads(audit: AuditStore, through: number): AsyncGenerator<AuditHead, void> {
  let after = 0
  for (;;) {
    const page = await audit.heads({ after, through, limit: PAGE })
    yield* page
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    after = last.position
  }
}
