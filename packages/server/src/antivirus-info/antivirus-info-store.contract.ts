import { addMs, formatInstant, type Inventory, ODataError, parseFilter } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import {
  accepted,
  auditEntry,
  cancellation,
  finished,
  inventory,
  machineId,
  newDeviceGroup,
  newScan,
  rule,
  TIME_OUT_MS,
  told,
} from '../../tests/stores/builders.ts'
import { MACHINES, useTestbed } from '../../tests/stores/testbed.ts'
import { ALL_MACHINES, type Reach } from '../principal/index.ts'
import type { TenantStores } from '../stores.ts'
import { antivirusStatus } from './antivirus-info.ts'
import { showAntivirusInfo } from './show-antivirus-info.ts'

type Engine = Inventory['engine']

const NO_SCAN = { result: '', error: '', endedAt: null }
const DAY_MS = 86_400_000

export function describeAntivirusInfoStore(kind: string, open: OpenBackend): void {
  describe(`antivirus info on ${kind}`, () => {
    const bed = useTestbed(open)

    const list = async (stores: TenantStores, filter?: string, reach: Reach = ALL_MACHINES) => {
      const query = {
        orderBy: [],
        skip: 0,
        pageSize: 100,
        ...(filter ? { filter: parseFilter(filter) } : {}),
      }
      return (await stores.antivirusInfo.list(query, reach, bed.clock.now())).rows
    }
    const of = async (stores: TenantStores, n: number) => {
      const entry = (await list(stores)).find(({ machineId: id }) => id === machineId(n))
      if (!entry) throw new Error(`Machine ${n} has no entry.`)
      return entry
    }
    const tell = (stores: TenantStores, n: number, engine: Partial<Engine>) =>
      stores.machines.recordInventory(
        machineId(n),
        { ...inventory(n), engine: { ...inventory(n).engine, ...engine } },
        null,
      )
    /** Built so many days ago, by name. */
    const signatures = (identity: string, daysOld = 0, official = true): Engine['signatures'] => ({
      official,
      version: `2750${daysOld}`,
      builtAt: formatInstant(addMs(bed.clock.now(), -daysOld * DAY_MS)),
      count: 8_000_000,
      identity: identity.repeat(64),
    })

    it('has one entry for each machine, from what it said when it was enrolled', async () => {
      const { ours } = await bed.twoTenants()
      const entries = await list(ours)
      expect(entries.map(({ machineId: id }) => id).sort()).toEqual(MACHINES.map(machineId))
      expect(await of(ours, 1)).toMatchObject({
        computerDnsName: 'Lab-1.example',
        osKind: 'linux',
        engine: { state: 'ready', version: '1.4.6', signatures: null },
        signaturesChangedAt: null,
        quickScan: NO_SCAN,
        fullScan: NO_SCAN,
      })
    })

    it('follows the machine’s word, and notes when its signatures became others', async () => {
      const { ours } = await bed.twoTenants()
      await tell(ours, 1, { version: '1.4.7', signatures: signatures('a', 1) })
      const first = await of(ours, 1)
      expect(first).toMatchObject({
        engine: { version: '1.4.7', signatures: { version: '27501', isOfficial: true } },
        signaturesChangedAt: first.refreshedAt,
      })
      bed.clock.advance('1h')
      await tell(ours, 1, { signatures: signatures('a', 1) })
      const same = await of(ours, 1)
      expect(same.signaturesChangedAt).toBe(first.refreshedAt)
      expect(same.refreshedAt).toBeGreaterThan(first.refreshedAt)
      await tell(ours, 1, { signatures: signatures('b') })
      const other = await of(ours, 1)
      expect(other.signaturesChangedAt).toBe(other.refreshedAt)
      await tell(ours, 1, { state: 'missing', version: null })
      expect(await of(ours, 1)).toMatchObject({
        engine: { state: 'missing', version: null, signatures: null },
        signaturesChangedAt: null,
      })
      await tell(ours, 99, {})
      expect(await list(ours)).toHaveLength(MACHINES.length)
    })

    it('says of signatures the same as it filters by, and the same as the machine', async () => {
      const { ours } = await bed.twoTenants()
      const engines: Partial<Engine>[] = [
        { signatures: signatures('a', 6) },
        { signatures: signatures('b', 8) },
        { signatures: signatures('c', 0, false) },
        { signatures: { ...inDate(), builtAt: 'yesterday' } },
        { state: 'noSignatures' },
        { state: 'missing', version: null },
      ]
      for (const [index, engine] of engines.entries()) await tell(ours, index + 1, engine)
      const now = bed.clock.now()
      const seen = []
      for (const [index, engine] of engines.entries()) {
        const n = index + 1
        const { avMode, avIsSignatureUpToDate } = showAntivirusInfo(await of(ours, n), now)
        seen.push([
          avMode,
          avIsSignatureUpToDate,
          antivirusStatus({ ...inventory(n).engine, ...engine }, now),
        ])
        const filter = `machineId eq '${machineId(n)}' and avMode eq ${avMode} and avIsSignatureUpToDate eq '${avIsSignatureUpToDate}'`
        expect(await list(ours, filter), filter).toHaveLength(1)
      }
      expect(seen).toEqual([
        ['3', 'True', 'Updated'],
        ['3', 'False', 'NotUpdated'],
        ['3', 'False', 'NotUpdated'],
        ['3', 'False', 'NotUpdated'],
        ['3', 'False', 'NotUpdated'],
        ['2', 'Unknown', 'Disabled'],
      ])
      await tell(ours, 6, { signatures: null })
      expect(await list(ours, "avIsSignatureUpToDate eq 'Unknown' and avMode eq '3'")).toHaveLength(1)
    })

    it.each([
      [{ mode: 'Normal' }, '0'],
      [{ mode: 'Passive Mode' }, '1'],
      [{ mode: 'EDR Block Mode' }, '4'],
      [{ mode: 'SxS Passive Mode' }, '5'],
      [{ mode: 'Not running', state: 'missing' }, '2'],
      [{ mode: 'Normal', state: 'missing' }, '2'],
      [{ mode: 'Normal', state: 'noSignatures' }, '0'],
    ] satisfies [Partial<Engine>, string][])(
      'says of an engine with %o the same as it filters by, until its machine names no mode',
      async (engine, avMode) => {
        const { ours } = await bed.twoTenants()
        await tell(ours, 1, engine)
        expect(showAntivirusInfo(await of(ours, 1), bed.clock.now()).avMode).toBe(avMode)
        expect(await list(ours, `avMode eq '${avMode}'`)).toMatchObject([{ machineId: machineId(1) }])
        await tell(ours, 1, {})
        expect(showAntivirusInfo(await of(ours, 1), bed.clock.now()).avMode).toBe('3')
      },
    )

    it('tells how the last scan of each type ended', async () => {
      const { ours } = await bed.twoTenants()
      await ours.machineActions.requestScan(newScan(10, 1))
      await ours.scans.takeEvent(told(10, 1, 1, accepted))
      bed.clock.advance('1m')
      await ours.scans.takeEvent(told(10, 1, 2, finished))
      const { quickScan, fullScan, refreshedAt } = await of(ours, 1)
      expect(quickScan).toEqual({ result: 'Completed', error: '', endedAt: refreshedAt })
      expect(fullScan).toEqual(NO_SCAN)

      await ours.machineActions.requestScan(newScan(11, 1, { scanType: 'Full' }))
      await ours.scans.takeEvent(told(11, 1, 1, { kind: 'failed', reason: 'no memory', report: null }))
      expect(await of(ours, 1)).toMatchObject({
        quickScan,
        fullScan: { result: 'Failed', error: '0x80004005' },
      })
      expect(await list(ours, "fullScanResult eq 'failed' and fullScanError eq '0X80004005'")).toHaveLength(1)
    })

    it('counts a scan that its machine took as cancelled, and as failed when the machine fell silent', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.machineActions.requestScan(newScan(10, 1))
      await ours.scans.takeEvent(told(10, 1, 1, accepted))
      await ours.machineActions.cancel(cancellation(10))
      await ours.machineActions.requestScan(newScan(11, 2))
      await ours.scans.takeEvent(told(11, 2, 1, accepted))
      bed.clock.advance(TIME_OUT_MS + 1)
      const ended = await bed.stores.timeouts.expire(bed.clock.now(), 100)
      expect(ended.filter((end) => end.tenant === tenant)).toHaveLength(1)
      expect((await of(ours, 1)).quickScan).toMatchObject({ result: 'Canceled', error: '0x80004004' })
      expect((await of(ours, 2)).quickScan).toMatchObject({ result: 'Failed', error: '0x80190198' })
    })

    it('knows nothing of a scan that never reached its machine', async () => {
      const { ours } = await bed.twoTenants()
      await ours.machineActions.requestScan(newScan(10, 1))
      await ours.machineActions.cancel(cancellation(10))
      await ours.machineActions.requestScan(newScan(11, 2))
      bed.clock.advance(TIME_OUT_MS + 1)
      await bed.stores.timeouts.expire(bed.clock.now(), 100)
      for (const n of [1, 2]) expect((await of(ours, n)).quickScan).toEqual(NO_SCAN)
    })

    it('is that of machines within reach, what changed last first, page by page', async () => {
      const { ours } = await bed.twoTenants()
      const made = await ours.deviceGroups.create(
        newDeviceGroup('Odd', rule('name', 'startsWith', 'lab-3')),
        auditEntry(),
      )
      if (typeof made === 'string') throw new Error(`The group was refused: ${made}.`)
      const reach: Reach = { kind: 'deviceGroups', ids: [made.id] }
      const within = await list(ours, undefined, reach)
      expect(within).toMatchObject([{ machineId: machineId(3), deviceGroupName: 'Odd' }])
      expect(await list(ours, `rbacGroupId eq ${made.id}`)).toEqual(within)
      expect(await list(ours, undefined, { kind: 'deviceGroups', ids: [] })).toEqual([])
      expect(await ours.antivirusInfo.count(undefined, reach, bed.clock.now())).toBe(1)

      bed.clock.advance(1)
      await tell(ours, 5, {})
      const pages: string[][] = []
      let skipToken: string | undefined
      do {
        const query = { orderBy: [], skip: 0, pageSize: 4, ...(skipToken ? { skipToken } : {}) }
        const { rows, next } = await ours.antivirusInfo.list(query, ALL_MACHINES, bed.clock.now())
        pages.push(rows.map(({ machineId: id }) => id))
        skipToken = next && 'skipToken' in next ? next.skipToken : undefined
      } while (skipToken !== undefined)
      expect(pages.map(({ length }) => length)).toEqual([4, 2])
      expect(pages[0]?.[0]).toBe(machineId(5))
      expect(pages.flat().sort()).toEqual(MACHINES.map(machineId))
    })

    it('is counted by the same filters, and has none by what Microsoft does not filter by', async () => {
      const { ours } = await bed.twoTenants()
      const count = (filter: string) =>
        ours.antivirusInfo.count(parseFilter(filter), ALL_MACHINES, bed.clock.now())
      expect(await count("quickScanResult eq ''")).toBe(MACHINES.length)
      expect(await count("osKind eq 'Linux' and startswith(computerDnsName,'LAB-')")).toBe(MACHINES.length)
      await expect(count("rbacGroupName eq 'x'")).rejects.toThrow(ODataError)
      expect(() => parseFilter('osKind eq')).toThrow(ODataError)
    })

    const inDate = () => {
      const set = signatures('d')
      if (set === null) throw new Error('There are signatures here.')
      return set
    }
  })
}
