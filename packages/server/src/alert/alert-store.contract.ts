import type { AlertChange, AlertId, Detection } from '@fleetsweep/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import {
  accepted,
  auditEntry,
  cancellation,
  detected,
  machineId,
  newScan,
  told,
} from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import type { Database } from '../kit/db/database.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import { takeEventWrite } from '../scan/index.ts'
import type { TenantStores } from '../stores.ts'
import { MAX_COMMENTS, MAX_PATH_LENGTH, MAX_PLACES } from './alert.ts'
import { updateAlertWrite } from './update-alert.ts'

const EVERYTHING = { orderBy: [], skip: 0, pageSize: 10_000 }

export function describeAlertStore(kind: string, open: OpenBackend): void {
  describe(`alerts on ${kind}`, () => {
    const bed = useTestbed(open)
    let tenant: Awaited<ReturnType<typeof bed.twoTenants>>['tenant']
    let ours: TenantStores
    let theirs: TenantStores
    /** Number of the last event that machine 1, 2 or 3 told of its scan. */
    let numbers: number[]

    beforeEach(async () => {
      ;({ tenant, ours, theirs } = await bed.twoTenants())
      numbers = [0, 0, 0, 0]
      for (const n of [1, 2, 3]) {
        await ours.machineActions.requestScan(newScan(n, n))
        await ours.scans.takeEvent(told(n, n, 1, accepted))
        numbers[n] = 1
      }
    })

    /** The next event of a machine's scan. */
    const next = (machine: number, path: string, given: Partial<Detection> = {}) => {
      const number = (numbers[machine] ?? 0) + 1
      numbers[machine] = number
      return told(machine, machine, number, detected(path, 1, given))
    }
    const find = (machine: number, path: string, given: Partial<Detection> = {}) =>
      ours.scans.takeEvent(next(machine, path, given))
    const all = async (withPlaces = true) =>
      (await ours.alerts.list(EVERYTHING, ALL_MACHINES, { withPlaces })).rows
    const only = async () => {
      const [one, ...others] = await all()
      expect(others).toEqual([])
      if (!one) throw new Error('There is no alert.')
      return one
    }
    const change = (id: AlertId, to: AlertChange) =>
      ours.alerts.update({
        id,
        change: to,
        by: 'Ada',
        audit: auditEntry({ operation: 'alert.update', target: id }),
      })
    const riskOf = async (machine: number) => (await ours.machines.find(machineId(machine)))?.riskScore

    it('are opened by the first detection, with what it says', async () => {
      await find(1, '/tmp/eicar.com')
      const { alert, places } = await only()
      expect(alert).toMatchObject({
        incident: 1,
        machineId: machineId(1),
        computerDnsName: 'Lab-1.example',
        deviceGroupName: null,
        threatName: 'Eicar-Test-Signature',
        sha256: '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f',
        severity: 'Informational',
        status: 'New',
        assignedTo: null,
        resolvedAt: null,
        comments: [],
        places: 1,
        morePlaces: false,
        lastPath: '/tmp/eicar.com',
        lastOwner: 'root',
        lastDisposition: 'reported',
      })
      expect(alert.id).toMatch(/^da\d{18}_-?\d{1,10}$/)
      expect([alert.lastEventAt, alert.updatedAt]).toEqual([alert.createdAt, alert.createdAt])
      expect(places).toEqual([
        { path: '/tmp/eicar.com', owner: 'root', disposition: 'reported', firstAt: alert.createdAt },
      ])
      const [detection] = await ours.detections.list({ limit: 1 }, ALL_MACHINES)
      expect(detection?.alertId).toBe(alert.id)
    })

    it('stay the same when the threat is found again, wherever it is on that machine', async () => {
      await find(1, '/tmp/a')
      const { alert: first } = await only()
      bed.clock.advance('1h')
      await find(1, '/tmp/a', { owner: 'ada', disposition: 'quarantined' })
      await find(1, '/home/ada/b')
      const { alert, places } = await only()
      expect(alert).toMatchObject({ id: first.id, createdAt: first.createdAt, incident: 1, places: 2 })
      expect(alert.lastEventAt).toBeGreaterThan(first.lastEventAt)
      expect(alert.updatedAt).toBe(alert.lastEventAt)
      expect(alert.lastPath).toBe('/home/ada/b')
      expect(places).toEqual([
        { path: '/tmp/a', owner: 'ada', disposition: 'quarantined', firstAt: first.createdAt },
        { path: '/home/ada/b', owner: 'root', disposition: 'reported', firstAt: alert.lastEventAt },
      ])
      const detections = await ours.detections.list({ limit: 9 }, ALL_MACHINES)
      expect(detections.map(({ alertId }) => alertId)).toEqual([first.id, first.id])
    })

    it('are others for another machine, another threat and another file', async () => {
      await find(1, '/tmp/a')
      await find(2, '/tmp/a')
      await find(1, '/tmp/a', { threatName: 'Win.Ransomware.X-1' })
      await find(1, '/tmp/b', { sha256: 'b'.repeat(64) })
      const alerts = await all(false)
      expect(alerts.map(({ alert }) => alert.incident)).toEqual([4, 3, 2, 1])
      expect(new Set(alerts.map(({ alert }) => alert.id)).size).toBe(4)
    })

    it('know a file without a hash by its path', async () => {
      await find(1, '/tmp/a', { sha256: null })
      await find(1, '/tmp/a', { sha256: null })
      await find(1, '/tmp/b', { sha256: null })
      await find(1, '/tmp/b', { sha256: null, path: { text: '/tmp/b', base64: 'L3RtcC9i/w==' } })
      expect(await all(false)).toHaveLength(3)
    })

    it('are not touched by an event that is repeated', async () => {
      const event = next(1, '/tmp/a')
      await ours.scans.takeEvent(event)
      const before = await all()
      bed.clock.advance('1h')
      expect(await ours.scans.takeEvent(event)).toMatchObject({ kind: 'repeated' })
      expect(await all()).toEqual(before)
    })

    it('keep the places where the threat was found last, and know that there are more', async () => {
      const path = (n: number) => `/srv/${String(n).padStart(4, '0')}`
      for (let n = 1; n <= MAX_PLACES; n += 1) await find(1, path(n))
      expect((await only()).alert).toMatchObject({ places: MAX_PLACES, morePlaces: false })
      await find(1, path(1))
      await find(1, path(0))
      const { alert, places } = await only()
      expect(alert).toMatchObject({ places: MAX_PLACES, morePlaces: true })
      const kept = places.map((place) => place.path)
      expect(kept).toHaveLength(MAX_PLACES)
      expect(kept).toEqual(expect.arrayContaining([path(0), path(1), path(3)]))
      expect(kept).not.toContain(path(2))
    })

    it('keep so much of a path as lists can bear', async () => {
      await find(1, `/${'x'.repeat(16_000)}`)
      const { alert, places } = await only()
      expect(alert.lastPath).toHaveLength(MAX_PATH_LENGTH + 1)
      expect(places.map((place) => place.path)).toEqual([alert.lastPath])
    })

    it('are changed, and the audit says what they were before', async () => {
      await find(1, '/tmp/a')
      const { alert } = await only()
      bed.clock.advance('1h')
      const to = { status: 'InProgress', assignedTo: 'Ada', comment: 'Looking' } as const
      expect(await change(alert.id, to)).toEqual({ kind: 'updated' })
      await change(alert.id, { classification: 'FalsePositive', determination: 'Clean', assignedTo: null })
      const { alert: changed } = await only()
      expect(changed).toMatchObject({
        status: 'InProgress',
        assignedTo: null,
        classification: 'FalsePositive',
        determination: 'Clean',
        comments: [{ comment: 'Looking', createdBy: 'Ada', createdTime: expect.any(String) }],
        lastEventAt: alert.lastEventAt,
      })
      expect(changed.updatedAt).toBeGreaterThan(alert.updatedAt)
      const entries = (await bed.rows('audit_entry', tenant))
        .filter(({ operation }) => operation === 'alert.update')
        .toSorted((a, b) => Number(a.at) - Number(b.at))
      expect(entries.map(({ detail }) => JSON.parse(String(detail)))).toEqual([
        {
          machineId: machineId(1),
          status: 'InProgress',
          statusBefore: 'New',
          assignedTo: 'Ada',
          assignedToBefore: null,
          comment: 'Looking',
        },
        {
          machineId: machineId(1),
          assignedTo: null,
          assignedToBefore: 'Ada',
          classification: 'FalsePositive',
          classificationBefore: null,
          determination: 'Clean',
          determinationBefore: null,
        },
      ])
    })

    it('have another one opened by what is found after they were resolved', async () => {
      await find(1, '/tmp/a')
      const { alert: first } = await only()
      await change(first.id, { status: 'Resolved' })
      const { alert: resolved } = await only()
      expect(resolved.resolvedAt).toBe(resolved.updatedAt)
      await find(1, '/tmp/a')
      const [second, ...rest] = await all()
      expect(second?.alert).toMatchObject({ incident: 2, status: 'New', places: 1 })
      expect(rest.map(({ alert }) => alert)).toEqual([resolved])
      expect(await change(first.id, { status: 'New' })).toEqual({
        kind: 'otherIsOpen',
        other: second?.alert.id,
      })
      expect((await all())[1]?.alert).toEqual(resolved)
    })

    it('are the open one again once they were opened again', async () => {
      await find(1, '/tmp/a')
      const { alert } = await only()
      await change(alert.id, { status: 'Resolved' })
      await change(alert.id, { status: 'New' })
      await find(1, '/tmp/b')
      expect((await only()).alert).toMatchObject({ id: alert.id, resolvedAt: null, places: 2 })
    })

    it('take so many comments and no more', async () => {
      await find(1, '/tmp/a')
      const { alert } = await only()
      for (let n = 0; n < MAX_COMMENTS; n += 1) await change(alert.id, { comment: `${n}` })
      const full = await only()
      expect(await change(alert.id, { comment: 'One more', status: 'Resolved' })).toEqual({
        kind: 'tooManyComments',
      })
      expect(await only()).toEqual(full)
    })

    it('are one when two nodes take detections of two scans at once, and somebody resolves it meanwhile', async () => {
      await using other = await bed.openNode()
      // The machine still tells of the scan that was cancelled while it tells of the next one.
      await ours.machineActions.cancel(cancellation(1))
      await ours.machineActions.requestScan(newScan(4, 1))
      const tell = async (node: Database, action: number, from: number, count: number, sha256: string) => {
        for (let number = from; number < from + count; number += 1) {
          const incoming = told(action, 1, number, detected(`/tmp/${action}/${number}`, 1, { sha256 }))
          expect(await node.write(takeEventWrite, { tenant, incoming })).toMatchObject({ kind: 'stored' })
        }
      }
      const openOf = async (sha256: string) =>
        (await all(false)).filter(({ alert }) => alert.sha256 === sha256 && alert.status !== 'Resolved')
      for (let round = 0; round < 5; round += 1) {
        const sha256 = String(round).repeat(64)
        const from = round * 10
        await Promise.all([tell(bed.db, 1, from + 2, 5, sha256), tell(other, 4, from + 1, 5, sha256)])
        const [open, ...more] = await openOf(sha256)
        expect(more).toEqual([])
        expect(open?.alert.places).toBe(10)
        const id = open?.alert.id as AlertId
        const update = { id, change: { status: 'Resolved' as const }, by: 'Ada', audit: auditEntry() }
        await Promise.all([
          other.write(updateAlertWrite, { tenant, update }),
          tell(bed.db, 1, from + 7, 5, sha256),
          tell(other, 4, from + 6, 5, sha256),
        ])
        expect((await openOf(sha256)).length).toBeLessThanOrEqual(1)
      }
      const open = (await all(false)).filter(({ alert }) => alert.status !== 'Resolved')
      const claims = await bed.rows('open_alert', tenant)
      expect(claims.map(({ alert }) => alert).sort()).toEqual(open.map(({ alert }) => alert.id).sort())
    })

    it('number their incidents without gap or repetition, whichever node opens them', async () => {
      await using other = await bed.openNode()
      const events = [1, 2, 3].flatMap((machine) =>
        Array.from({ length: 10 }, (_, n) => ({
          machine,
          incoming: next(machine, `/tmp/${n}`, { sha256: null }),
        })),
      )
      await Promise.all(
        [1, 2, 3].map(async (machine) => {
          const node = machine === 2 ? other : bed.db
          for (const { incoming } of events.filter((event) => event.machine === machine)) {
            expect(await node.write(takeEventWrite, { tenant, incoming })).toMatchObject({ kind: 'stored' })
          }
        }),
      )
      const incidents = (await all(false)).map(({ alert }) => alert.incident).sort((a, b) => a - b)
      expect(incidents).toEqual(Array.from({ length: 30 }, (_, n) => n + 1))
    })

    it('put their machine at the risk of the worst that is open', async () => {
      expect(await riskOf(1)).toBe('None')
      await find(1, '/tmp/a')
      expect(await riskOf(1)).toBe('Informational')
      await find(1, '/tmp/b', { threatName: 'Win.Ransomware.X-1', sha256: 'b'.repeat(64) })
      await find(1, '/tmp/c', { threatName: 'PUA.Win.Tool.Y-1', sha256: 'c'.repeat(64) })
      expect(await riskOf(1)).toBe('High')
      expect(await riskOf(2)).toBe('None')
      const [pua, ransomware, eicar] = await all(false)
      if (!pua || !ransomware || !eicar) throw new Error('An alert is missing.')
      await change(ransomware.alert.id, { status: 'Resolved' })
      expect(await riskOf(1)).toBe('Low')
      await change(pua.alert.id, { status: 'Resolved' })
      await change(eicar.alert.id, { status: 'Resolved' })
      expect(await riskOf(1)).toBe('None')
      await change(ransomware.alert.id, { status: 'InProgress' })
      expect(await riskOf(1)).toBe('High')
    })

    it('fill no more of a page with their places than can be sent', async () => {
      for (let n = 1; n <= 3; n += 1) await find(1, `/tmp/${n}`, { sha256: null })
      await bed.tamper(`update alert set places = 6000 where tenant = '${tenant}' and incident in (2, 3)`)
      const seen: number[] = []
      let skipToken: string | undefined
      do {
        const query = { ...EVERYTHING, ...(skipToken === undefined ? {} : { skipToken }) }
        const page = await ours.alerts.list(query, ALL_MACHINES, { withPlaces: true })
        seen.push(...page.rows.map(({ alert }) => alert.incident), 0)
        skipToken = page.next !== null && 'skipToken' in page.next ? page.next.skipToken : undefined
      } while (skipToken !== undefined)
      expect(seen).toEqual([3, 0, 2, 1, 0])
    })

    it('of machines out of reach are not there', async () => {
      await find(1, '/tmp/a')
      await find(2, '/tmp/a')
      const nothing = { kind: 'deviceGroups', ids: [] } as const
      const [second] = await all(false)
      if (!second) throw new Error('An alert is missing.')
      expect((await ours.alerts.list(EVERYTHING, nothing)).rows).toEqual([])
      expect(await ours.alerts.count(undefined, nothing)).toBe(0)
      expect(await ours.alerts.findWithin(second.alert.id, nothing)).toBeUndefined()
      expect(await ours.alerts.count(undefined, ALL_MACHINES)).toBe(2)
      expect(await ours.alerts.count(undefined, ALL_MACHINES, { machineId: machineId(2) })).toBe(1)
      const ofOne = await ours.alerts.list(EVERYTHING, ALL_MACHINES, { machineId: machineId(2) })
      expect(ofOne.rows).toEqual([second])
      expect((await ours.alerts.findWithin(second.alert.id, ALL_MACHINES))?.places).toHaveLength(1)
    })

    it('are never those of another tenant', async () => {
      await find(1, '/tmp/a')
      const { alert } = await only()
      expect((await theirs.alerts.list(EVERYTHING, ALL_MACHINES)).rows).toEqual([])
      expect(await theirs.alerts.findWithin(alert.id, ALL_MACHINES)).toBeUndefined()
      const audit = auditEntry()
      const update = { id: alert.id, change: { status: 'Resolved' as const }, by: 'Eve', audit }
      expect(await theirs.alerts.update(update)).toEqual({ kind: 'unknown' })
      expect((await only()).alert).toEqual(alert)
    })
  })
}
