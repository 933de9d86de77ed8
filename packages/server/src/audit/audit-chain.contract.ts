import { randomUUID } from 'node:crypto'
import type { TenantId } from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { readSealingKey, sealedSigningKeys } from '../signing-key/index.ts'
import { sqlSigningKeyStore } from '../signing-key/signing-key-store-sql.ts'
import { CHAIN_START, hashEntry } from './audit-chain.ts'
import type { SealedAuditEntry } from './audit-entry.ts'
import { sealAudit } from './audit-sealer.ts'
import type { AuditStore } from './audit-store.ts'
import { sqlAuditStore } from './audit-store-sql.ts'
import { verifyAudit } from './verify-audit.ts'

/** The entries of a test's chain, sealed in two goes: heads are at the third and at the last. */
const ENTRIES = 6
const MIDDLE = 3

const OPERATOR = { kind: 'operator', id: 'test', name: 'test' } as const

export function describeAuditChain(kind: string, open: OpenBackend): void {
  describe(`the audit chain on ${kind}`, () => {
    const bed = useTestbed(open)
    const sealingKey = readSealingKey(Buffer.alloc(32, 7))

    const useChain = (tenant = randomUUID() as TenantId, db = bed.db) => {
      const audit = sqlAuditStore(db, tenant)
      const signingKeys = sealedSigningKeys({
        storeOf: (of) => sqlSigningKeyStore(db, of),
        sealingKey,
        clock: bed.clock,
        newId: randomUUID,
      })
      return {
        tenant,
        audit,
        signingKeys,
        seal: () => sealAudit({ auditOf: () => audit, signingKeys, clock: bed.clock }, tenant),
        verify: (noted?: { position: number; hash: string }) =>
          verifyAudit({ audit, signingKeys }, tenant, { noted }),
        all: () =>
          audit.sealed({
            after: { position: 0, id: '' },
            through: Number.MAX_SAFE_INTEGER,
            limit: 1_000_000,
          }),
      }
    }
    const record = (audit: AuditStore, count: number) =>
      audit.record(Array.from({ length: count }, (_, n) => auditEntry({ target: `t-${n}`, detail: { n } })))

    /** A chain of `ENTRIES` after those that sealing itself makes; `at(1)` is its first. */
    const sealedChain = async () => {
      const chain = useChain()
      await chain.signingKeys.addKey(chain.tenant, 'audit', OPERATOR)
      await chain.seal()
      const first = (await chain.audit.newestHead())?.position ?? 0
      await record(chain.audit, MIDDLE)
      await chain.seal()
      await record(chain.audit, ENTRIES - MIDDLE)
      const head = await chain.seal()
      if (head?.position !== first + ENTRIES) throw new Error('The chain is not as the test needs it.')
      const entries = (await chain.all()).slice(first)
      const at = (place: number): SealedAuditEntry => {
        const entry = entries[place - 1]
        if (!entry) throw new Error(`There is no entry ${place}.`)
        return entry
      }
      const tamper = (sql: string) => bed.tamper(sql.replaceAll('OURS', `tenant = '${chain.tenant}'`))
      const findings = async () =>
        (await chain.verify()).findings.map(({ kind, from, through, entryId }) => {
          return { kind, from: from - first, through: through - first, entryId }
        })
      return { ...chain, first, head, at, tamper, findings }
    }
    const moveBack = (from: number, by: number) => `
      UPDATE audit_entry SET position = -position WHERE OURS AND position >= ${from};
      UPDATE audit_entry SET position = -position + ${by} WHERE OURS AND position < 0;`
    const insertAt = (chain: { tenant: TenantId }, position: number, hash: string) => `
      INSERT INTO audit_entry (tenant, id, at, principal_kind, principal_id, principal_name, operation, target,
        detail, position, hash)
      VALUES ('${chain.tenant}', 'planted', 1, 'user', 'u', 'U', 'o', 't', '{}', ${position}, '${hash}');`

    it('is intact as it was sealed, and says what is not sealed yet', async () => {
      const { audit, verify, head, first } = await sealedChain()
      await record(audit, 2)
      expect(await verify()).toEqual({
        isIntact: true,
        entries: first + ENTRIES,
        head,
        findings: [],
        findingsLeftOff: 0,
        unsealed: 2,
      })
    })

    it('is intact where there is nothing', async () => {
      expect(await useChain().verify()).toMatchObject({ isIntact: true, entries: 0, head: undefined })
    })

    it.each([
      ['detail', `detail = '{"n":1 }'`],
      ['target', `target = 't-X'`],
      ['operation', `operation = 'machineAction.Create'`],
      ['moment', 'at = at + 1'],
      ['name of the principal', `principal_name = 'playbooks'`],
      ['id of the principal', `principal_id = 'x'`],
      ['kind of the principal', `principal_kind = 'user'`],
    ])('names an entry whose %s was changed', async (_, change) => {
      const { at, tamper, findings } = await sealedChain()
      await tamper(`UPDATE audit_entry SET ${change} WHERE OURS AND id = '${at(2).id}'`)
      expect(await findings()).toEqual([{ kind: 'changed', from: 2, through: 2, entryId: at(2).id }])
    })

    it('names an entry whose hash was changed, and the next one, which no longer follows', async () => {
      const { at, tamper, findings } = await sealedChain()
      await tamper(`UPDATE audit_entry SET hash = '${'0'.repeat(64)}' WHERE OURS AND id = '${at(2).id}'`)
      expect(await findings()).toMatchObject([
        { kind: 'changed', from: 2 },
        { kind: 'changed', from: 3 },
      ])
    })

    it('names a gap where entries were deleted', async () => {
      const { at, tamper, findings } = await sealedChain()
      await tamper(`DELETE FROM audit_entry WHERE OURS AND id IN ('${at(2).id}', '${at(3).id}')`)
      expect(await findings()).toEqual([{ kind: 'missing', from: 2, through: 3, entryId: null }])
    })

    it('finds a deleted entry also where those after it were moved up', async () => {
      const { at, first, tamper, findings } = await sealedChain()
      await tamper(`DELETE FROM audit_entry WHERE OURS AND id = '${at(2).id}'; ${moveBack(first + 3, -1)}`)
      expect(await findings()).toMatchObject([{ kind: 'missing', from: 2, through: 2 }])
    })

    it('names an entry that was put in, with or without a hash that fits', async () => {
      const one = await sealedChain()
      await one.tamper(`${moveBack(one.first + 3, 1)} ${insertAt(one, one.first + 3, '0'.repeat(64))}`)
      const planted = { kind: 'inserted', from: 3, through: 3, entryId: 'planted' }
      expect(await one.findings()).toEqual([planted, expect.objectContaining({ kind: 'notSigned' })])

      const two = await sealedChain()
      const fields = {
        id: 'planted',
        at: 1,
        principal: { kind: 'user', id: 'u', name: 'U' },
        operation: 'o',
        target: 't',
        detail: '{}',
      } as SealedAuditEntry
      const fitting = hashEntry(two.tenant, two.at(2).hash, two.first + 3, fields)
      await two.tamper(`${moveBack(two.first + 3, 1)} ${insertAt(two, two.first + 3, fitting)}`)
      expect(await two.findings()).toContainEqual(planted)
    })

    it('names an entry that claims the place of another', async () => {
      const chain = await sealedChain()
      await bed.tamper('DROP INDEX audit_entry_by_position')
      await chain.tamper(insertAt(chain, chain.first + 2, '0'.repeat(64)))
      expect(await chain.findings()).toEqual([{ kind: 'inserted', from: 2, through: 2, entryId: 'planted' }])
      await chain.tamper(`DELETE FROM audit_entry WHERE OURS AND id = 'planted'`)
      await bed.tamper(
        'CREATE UNIQUE INDEX audit_entry_by_position ON audit_entry (tenant, position) WHERE position IS NOT NULL',
      )
    })

    it('names an entry at a place that no chain has', async () => {
      const chain = await sealedChain()
      await chain.tamper(insertAt(chain, 0, CHAIN_START.hash))
      expect(await chain.findings()).toMatchObject([{ kind: 'inserted', entryId: 'planted' }])
    })

    it('names two entries that changed places', async () => {
      const { at, first, tamper, findings } = await sealedChain()
      const set = (place: number, position: number) =>
        `UPDATE audit_entry SET position = ${position} WHERE OURS AND id = '${at(place).id}';`
      await tamper(`${set(4, -1)} ${set(5, first + 4)} ${set(4, first + 5)}`)
      expect(await findings()).toEqual([{ kind: 'swapped', from: 4, through: 5, entryId: at(5).id }])
    })

    it('finds a tail that was cut off', async () => {
      const { at, tamper, findings } = await sealedChain()
      await tamper(`DELETE FROM audit_entry WHERE OURS AND position >= ${at(2).position}`)
      expect(await findings()).toEqual([{ kind: 'cutOff', from: 2, through: 6, entryId: null }])
    })

    it('finds a tail that was cut off with its heads by a head that was noted elsewhere', async () => {
      const { at, tamper, verify, head } = await sealedChain()
      await tamper(`DELETE FROM audit_entry WHERE OURS AND position > ${at(3).position};
        DELETE FROM audit_head WHERE OURS AND position > ${at(3).position}`)
      expect((await verify()).isIntact).toBe(true)
      expect((await verify(head)).findings).toMatchObject([
        { kind: 'notTheNotedHead', from: head.position, through: head.position },
      ])
    })

    it('finds entries that nobody signed, and a server that goes on from there', async () => {
      const { audit, first, tamper, findings, seal } = await sealedChain()
      await tamper(`DELETE FROM audit_head WHERE OURS AND position > ${first + MIDDLE}`)
      expect(await findings()).toEqual([{ kind: 'notSigned', from: 4, through: 6, entryId: null }])
      await record(audit, 1)
      await expect(seal()).rejects.toThrow()
    })

    it.each([
      ['hash', `hash = '${'1'.repeat(64)}'`],
      ['moment', 'signed_at = signed_at + 1'],
      ['key', `key_id = '${randomUUID()}'`],
    ])('finds a head whose %s was changed', async (_, change) => {
      const { first, tamper, findings } = await sealedChain()
      await tamper(`UPDATE audit_head SET ${change} WHERE OURS AND position = ${first + MIDDLE}`)
      expect(await findings()).toEqual([{ kind: 'forgedHead', from: 3, through: 3, entryId: null }])
    })

    it('is never continued from a head that this server did not sign', async () => {
      const { audit, head, tamper, seal } = await sealedChain()
      await tamper(`UPDATE audit_head SET signature = 'AAAA' WHERE OURS AND position = ${head.position}`)
      await record(audit, 1)
      await expect(seal()).rejects.toThrow('did not sign')
      expect(await audit.countUnsealed()).toBe(1)
    })

    it('shows that it was rewritten, hashes and all, between the heads that it went through', async () => {
      const { tenant, first, at, tamper, findings, all, verify } = await sealedChain()
      await tamper(`UPDATE audit_entry SET target = 'innocent' WHERE OURS AND id = '${at(5).id}'`)
      let { hash } = at(4)
      for (const entry of (await all()).slice(first + 4)) {
        hash = hashEntry(tenant, hash, entry.position, entry)
        await tamper(`UPDATE audit_entry SET hash = '${hash}' WHERE OURS AND id = '${entry.id}'`)
      }
      expect(await findings()).toEqual([{ kind: 'rewritten', from: 4, through: 6, entryId: null }])

      // Without one head left it can only be told by one that was noted.
      await tamper('DELETE FROM audit_head WHERE OURS')
      const noted = { position: at(5).position, hash: at(5).hash }
      expect((await verify(noted)).findings).toContainEqual(expect.objectContaining({ kind: 'notSigned' }))
    })

    it('holds a head that was noted, and refuses another', async () => {
      const { at, verify } = await sealedChain()
      const { position, hash } = at(2)
      expect((await verify({ position, hash })).isIntact).toBe(true)
      expect((await verify({ position, hash: at(3).hash })).findings).toMatchObject([
        { kind: 'notTheNotedHead', entryId: at(2).id },
      ])
      expect((await verify({ position: 1_000, hash })).isIntact).toBe(false)
    })

    it('stays verifiable when another key took over', async () => {
      const { tenant, audit, signingKeys, seal, verify, head } = await sealedChain()
      const next = await signingKeys.addKey(tenant, 'audit', OPERATOR)
      await record(audit, 1)
      expect((await seal())?.keyId).toBe(next)
      expect(await verify(head)).toMatchObject({ isIntact: true, head: { keyId: next } })
    })

    it('makes its key by itself where set-up did not', async () => {
      const { audit, seal, verify } = useChain()
      await record(audit, 1)
      await seal()
      expect(await verify()).toMatchObject({ isIntact: true })
    })

    it('holds 100,000 entries of a hundred writers, sealed by two nodes at once, and names one changed byte', async () => {
      const ours = useChain()
      await ours.signingKeys.addKey(ours.tenant, 'audit', OPERATOR)
      await using second = await bed.openNode()
      const theirs = useChain(ours.tenant, second)
      let recorded = 0
      const sealers = [ours, theirs].map(async ({ seal }) => {
        // Both at the same moments, so that they get into each other's way.
        for (let sealed = 0; sealed < 100_000; sealed += 4_000) {
          await until(() => recorded >= sealed, 'there is more to seal')
          await seal()
        }
      })
      const writers = Array.from({ length: 100 }, async () => {
        for (let call = 0; call < 40; call += 1) {
          await record(ours.audit, 25)
          recorded += 25
        }
      })
      await Promise.all([...writers, ...sealers])
      await ours.seal()
      expect(await ours.verify()).toMatchObject({ isIntact: true, entries: 100_001, unsealed: 0 })

      const [entry] = await ours.audit.sealed({
        after: { position: 70_000, id: '~' },
        through: 80_000,
        limit: 1,
      })
      await bed.tamper(`UPDATE audit_entry SET target = 'T${entry?.target.slice(1)}'
        WHERE tenant = '${ours.tenant}' AND id = '${entry?.id}'`)
      expect((await ours.verify()).findings).toMatchObject([
        { kind: 'changed', from: 70_001, through: 70_001, entryId: entry?.id },
      ])
    }, 120_000)
  })
}
