import type { Detection, DeviceGroupId, KeptFile } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { accepted, detected, guid, machineId, newScan, told } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import type { StoredQuarantinedFile } from './quarantined-file.ts'

export function describeQuarantineStore(kind: string, open: OpenBackend): void {
  describe(`files in quarantine on ${kind}`, () => {
    const bed = useTestbed(open)

    const quarantined = (n: number, given: Partial<Detection> = {}) =>
      detected(`/srv/${n}`, 1, { disposition: 'quarantined', quarantineId: guid(n), ...given })
    /** Machines 1 and 2 with a scan each that quarantines by policy: files 2 and 4, and 3. */
    const found = async () => {
      const tenants = await bed.twoTenants()
      const { machineActions, scans } = tenants.ours
      for (const n of [1, 2]) {
        await machineActions.requestScan(newScan(n, n))
        await scans.takeEvent(told(n, n, 1, accepted))
      }
      await scans.takeEvent(told(1, 1, 2, quarantined(2)))
      await scans.takeEvent(told(2, 2, 2, quarantined(3)))
      await scans.takeEvent(told(1, 1, 3, quarantined(4)))
      return tenants
    }
    const ids = (files: StoredQuarantinedFile[]) => files.map(({ id }) => id)

    it('are those that a scan has moved there by its policy, with their detection', async () => {
      const { tenant, ours } = await found()
      const [detection] = await ours.detections.list({ limit: 1 }, ALL_MACHINES)
      expect(await ours.quarantine.findWithin(guid(4), ALL_MACHINES)).toMatchObject({
        machineId: machineId(1),
        computerDnsName: 'Lab-1.example',
        detectionId: detection?.id,
        cause: 'policy',
        state: 'quarantined',
        path: { text: '/srv/4' },
        threatName: 'Eicar-Test-Signature',
        sizeBytes: 68,
      })
      const audit = (await bed.rows('audit_entry', tenant)).filter(
        ({ operation }) => operation === 'quarantine.add',
      )
      expect(audit).toHaveLength(3)
      expect(audit.every((row) => row.principal_kind === 'machine')).toBe(true)
    })

    it('are not those that a scan left where they are', async () => {
      const { ours } = await found()
      await ours.scans.takeEvent(told(1, 1, 4, detected('/srv/left')))
      expect(await ours.quarantine.list({ limit: 9 }, ALL_MACHINES)).toHaveLength(3)
    })

    it('are one each, however many attempts of a scan tell of them', async () => {
      const { tenant, ours } = await found()
      const before = await ours.quarantine.findWithin(guid(2), ALL_MACHINES)
      const again = quarantined(2)
      await ours.scans.takeEvent(told(1, 1, 4, { ...again, attempt: 2 } as typeof again))
      expect(await ours.quarantine.findWithin(guid(2), ALL_MACHINES)).toEqual(before)
      expect(await bed.rows('quarantined_file', tenant)).toHaveLength(3)
    })

    it('stay those of the machine that told of them first', async () => {
      const { ours } = await found()
      const before = await ours.quarantine.findWithin(guid(2), ALL_MACHINES)
      await ours.scans.takeEvent(told(2, 2, 3, quarantined(2, { path: { text: '/theirs' } })))
      expect(await ours.quarantine.findWithin(guid(2), ALL_MACHINES)).toEqual(before)
    })

    it('are listed newest first, of all, of one machine or in one state', async () => {
      const { ours } = await found()
      const list = (query: object) => ours.quarantine.list({ limit: 9, ...query }, ALL_MACHINES)
      expect(ids(await list({}))).toEqual([4, 3, 2].map(guid))
      expect(ids(await list({ machineId: machineId(1) }))).toEqual([4, 2].map(guid))
      expect(ids(await list({ state: 'quarantined', limit: 1 }))).toEqual([guid(4)])
      expect(await list({ state: 'restored' })).toEqual([])
    })

    it('are paged without gap or repetition', async () => {
      const { ours } = await found()
      const [first] = await ours.quarantine.list({ limit: 1 }, ALL_MACHINES)
      if (!first) throw new Error('Nothing is listed.')
      const rest = await ours.quarantine.list({ after: first, limit: 9 }, ALL_MACHINES)
      expect(ids(rest)).toEqual([3, 2].map(guid))
    })

    describe('of which their machine tells by itself', () => {
      const machine = (n: number) => ({ machineId: machineId(n), computerDnsName: `Lab-${n}.example` })
      const kept = (n: number, given: Partial<KeptFile> = {}): KeptFile => ({
        quarantineId: guid(n),
        state: 'quarantined',
        byHand: true,
        path: { text: `/by/hand/${n}` },
        threatName: 'by hand',
        sha256: null,
        sizeBytes: 7,
        ...given,
      })
      const find = async (stores: Awaited<ReturnType<typeof found>>['ours'], n: number) =>
        stores.quarantine.findWithin(guid(n), ALL_MACHINES)

      it('are those that somebody at the machine had taken, audited once however often they are told', async () => {
        const { tenant, ours } = await found()
        for (let n = 0; n < 3; n += 1) await ours.quarantine.takeWord(machine(1), [kept(8), kept(7)])
        expect(await find(ours, 7)).toMatchObject({
          cause: 'machine',
          state: 'quarantined',
          detectionId: null,
          threatName: 'by hand',
          path: { text: '/by/hand/7' },
        })
        const listed = await ours.quarantine.list({ limit: 2 }, ALL_MACHINES)
        expect(new Set(ids(listed))).toEqual(new Set([guid(7), guid(8)]))
        const audit = (await bed.rows('audit_entry', tenant)).filter(
          ({ operation }) => operation === 'quarantine.add',
        )
        expect(audit).toHaveLength(5)
      })

      it('are back when somebody at the machine gave them back, as their detection says', async () => {
        const { tenant, ours } = await found()
        const word = [kept(7, { state: 'restored' }), kept(2, { state: 'restored', byHand: false })]
        for (let n = 0; n < 2; n += 1) await ours.quarantine.takeWord(machine(1), word)
        for (const n of [7, 2]) {
          expect(await find(ours, n)).toMatchObject({ state: 'restored', restoredAt: expect.any(Number) })
        }
        const file = await find(ours, 2)
        const detection = await ours.detections.findWithin(file?.detectionId ?? '', ALL_MACHINES)
        expect(detection?.detection).toMatchObject({ disposition: 'reported' })
        const audit = (await bed.rows('audit_entry', tenant)).filter(
          ({ operation }) => operation === 'quarantine.restore',
        )
        expect(audit).toHaveLength(2)
      })

      it('are never those of another machine, nor ones of which no scan has told yet', async () => {
        const { ours } = await found()
        const before = await find(ours, 2)
        await ours.quarantine.takeWord(machine(2), [
          kept(2, { state: 'restored' }),
          kept(9, { state: 'restored', byHand: false }),
        ])
        expect(await find(ours, 2)).toEqual(before)
        expect(await find(ours, 9)).toBeUndefined()
      })
    })

    it('are seen by whoever reaches their machine only, and never by another tenant', async () => {
      const { ours, theirs } = await found()
      const reaching = (group: number) => ({ kind: 'deviceGroups', ids: [group as DeviceGroupId] }) as const
      expect(await ours.quarantine.list({ limit: 9 }, reaching(0))).toHaveLength(3)
      expect(await ours.quarantine.list({ limit: 9 }, reaching(1))).toEqual([])
      expect(await ours.quarantine.findWithin(guid(2), reaching(1))).toBeUndefined()
      expect(await theirs.quarantine.list({ limit: 9 }, ALL_MACHINES)).toEqual([])
      expect(await theirs.quarantine.findWithin(guid(2), ALL_MACHINES)).toBeUndefined()
    })
  })
}
