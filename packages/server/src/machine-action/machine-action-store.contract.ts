import { addMs, HRESULT_CANCELLED, HRESULT_TIMED_OUT, parseFilter, parseOrderBy } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import {
  accepted,
  actionId,
  auditEntry,
  cancellation,
  finished,
  guid,
  machineId,
  newScan,
  TIME_OUT_MS,
  told,
} from '../../tests/stores/builders.ts'
import { MACHINES, useTestbed } from '../../tests/stores/testbed.ts'
import type { NextPage, RowPage } from '../kit/odata/index.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import { sqlStores } from '../stores.ts'
import type { StoredMachineAction } from './machine-action.ts'
import type { ScanRequested } from './machine-action-store.ts'

export function describeMachineActionStore(kind: string, open: OpenBackend): void {
  describe(`machine actions on ${kind}`, () => {
    const bed = useTestbed(open)

    describe('requesting a scan', () => {
      it('creates a Pending action that can be read at once', async () => {
        const { ours } = await bed.twoTenants()
        const answer = await ours.machineActions.requestScan(
          newScan(1, 1, { scanType: 'Full', comment: 'Alert 3212', externalId: 'case-7' }),
        )
        expect(answer).toMatchObject({
          kind: 'created',
          action: {
            id: actionId(1),
            machineId: machineId(1),
            computerDnsName: 'Lab-1.example',
            status: 'Pending',
            scanType: 'Full',
            requestor: 'Playbooks',
            requestorComment: 'Alert 3212',
            externalId: 'case-7',
            cancellation: null,
            errorHResult: 0,
            troubleshootInfo: null,
          },
        })
        const { action } = answer as Extract<ScanRequested, { kind: 'created' }>
        expect(action.expiresAt).toBe(addMs(action.createdAt, TIME_OUT_MS))
        expect(await ours.machineActions.find(actionId(1))).toEqual(action)
        expect(await ours.scans.find(actionId(1))).toMatchObject({ attempts: 0, lastEvent: 0, stop: null })
      })

      it.each([
        ['reads everything anew', { rescan: true }],
        ['looks at chosen paths', { scanType: 'Custom', paths: ['/srv'] }],
      ] as const)('takes a second scan that %s for another one', async (_, other) => {
        const { ours } = await bed.twoTenants()
        await ours.machineActions.requestScan(newScan(1, 1))
        expect(await ours.machineActions.requestScan(newScan(2, 1, other))).toEqual({
          kind: 'refused',
          blockedBy: actionId(1),
        })
        await ours.machineActions.requestScan(newScan(3, 2, other))
        expect(await ours.machineActions.requestScan(newScan(4, 2, other))).toMatchObject({
          kind: 'existing',
          action: { id: actionId(3) },
        })
      })

      describe('with an idempotency key', () => {
        const idempotency = { principal: 'application/a', key: 'k-1', fingerprint: 'f-1' }
        const keyed = (id: number, given: Partial<typeof idempotency> = {}) =>
          newScan(id, 1, { idempotency: { ...idempotency, ...given } })

        it('answers the same call with the same action, whatever became of it, and audits nothing again', async () => {
          const { tenant, ours } = await bed.twoTenants()
          await ours.machineActions.requestScan(keyed(1))
          await ours.machineActions.cancel(cancellation(1))
          const audited = (await bed.rows('audit_entry', tenant)).length
          expect(await ours.machineActions.requestScan(keyed(2))).toMatchObject({
            kind: 'repeated',
            action: { id: actionId(1), status: 'Cancelled' },
          })
          expect(await bed.rows('audit_entry', tenant)).toHaveLength(audited)
          expect(await ours.machineActions.find(actionId(2))).toBeUndefined()
        })

        it('refuses another call with it, and knows whose it is', async () => {
          const { ours } = await bed.twoTenants()
          await ours.machineActions.requestScan(keyed(1))
          expect(await ours.machineActions.requestScan(keyed(2, { fingerprint: 'f-2' }))).toEqual({
            kind: 'keyReused',
          })
          const stranger = keyed(3, { principal: 'user/b', fingerprint: 'f-2' })
          expect(await ours.machineActions.requestScan(stranger)).toMatchObject({ kind: 'existing' })
        })

        it('remembers no refusal, and forgets after a day', async () => {
          const { ours } = await bed.twoTenants()
          await ours.machineActions.requestScan(newScan(1, 1, { scanType: 'Full' }))
          expect(await ours.machineActions.requestScan(keyed(2))).toMatchObject({ kind: 'refused' })
          await ours.machineActions.cancel(cancellation(1))
          expect(await ours.machineActions.requestScan(keyed(3))).toMatchObject({ kind: 'created' })
          bed.clock.advance('25h')
          await ours.machineActions.cancel(cancellation(3))
          expect(await ours.machineActions.requestScan(keyed(4, { fingerprint: 'f-2' }))).toMatchObject({
            kind: 'created',
          })
        })

        it('removes keys of calls that are too old to be repeated', async () => {
          const { tenant, ours } = await bed.twoTenants()
          await ours.machineActions.requestScan(keyed(1))
          await bed.stores.oldIdempotencyKeys.forget(bed.clock.now(), 100)
          expect(await bed.rows('idempotency_key', tenant)).toHaveLength(1)
          bed.clock.advance('1h')
          await bed.stores.oldIdempotencyKeys.forget(bed.clock.now(), 100)
          expect(await bed.rows('idempotency_key', tenant)).toEqual([])
        })
      })

      it('answers a second request of the same type with the waiting action, and audits who asked', async () => {
        const { tenant, ours } = await bed.twoTenants()
        const first = await ours.machineActions.requestScan(newScan(1, 1))
        const again = newScan(2, 1, {
          comment: 'Me too',
          externalId: 'case-8',
          audit: auditEntry({ id: 'again', principal: { kind: 'application', id: guid(7), name: 'Other' } }),
        })
        expect(await ours.machineActions.requestScan(again)).toEqual({ ...first, kind: 'existing' })
        const audit = await bed.rows('audit_entry', tenant)
        expect(audit.find(({ id }) => id === 'again')).toMatchObject({
          principal_name: 'Other',
          operation: 'machineAction.requestAgain',
          target: actionId(1),
          detail: JSON.stringify({ comment: 'Me too', externalId: 'case-8' }),
        })
        expect(await bed.rows('machine_action', tenant)).toHaveLength(1)
        expect(await bed.rows('scan', tenant)).toHaveLength(1)
      })

      it('refuses one of another type and names the action in the way', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.machineActions.requestScan(newScan(1, 1))
        const before = await bed.rows('audit_entry', tenant)
        expect(await ours.machineActions.requestScan(newScan(2, 1, { scanType: 'Full' }))).toEqual({
          kind: 'refused',
          blockedBy: actionId(1),
        })
        expect(await bed.rows('audit_entry', tenant)).toHaveLength(before.length)
        expect(await ours.machineActions.find(actionId(2))).toBeUndefined()
      })

      it('refuses one of any type once the scan is InProgress', async () => {
        const { ours } = await bed.twoTenants()
        await ours.machineActions.requestScan(newScan(1, 1))
        await ours.scans.takeEvent(told(1, 1, 1, accepted))
        for (const scanType of ['Quick', 'Full'] as const) {
          expect(await ours.machineActions.requestScan(newScan(2, 1, { scanType }))).toEqual({
            kind: 'refused',
            blockedBy: actionId(1),
          })
        }
      })

      it('makes one row of 50 requests at once, also when two servers take them', async () => {
        const { tenant, ours } = await bed.twoTenants()
        const second = await bed.openNode()
        const others = sqlStores(second, () => 'unused').forTenant(tenant)
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            (i % 2 === 0 ? ours : others).machineActions.requestScan(newScan(i + 1, 1)),
          ),
        )
        await second[Symbol.asyncDispose]()
        expect(answers.filter(({ kind }) => kind === 'created')).toHaveLength(1)
        expect(answers.filter(({ kind }) => kind === 'existing')).toHaveLength(49)
        const rows = await bed.rows('machine_action', tenant)
        expect(rows).toHaveLength(1)
        expect(new Set(answers.map((answer) => 'action' in answer && answer.action.id))).toEqual(
          new Set([rows[0]?.id]),
        )
        expect(await bed.rows('active_action', tenant)).toHaveLength(1)
        expect(await bed.rows('scan', tenant)).toHaveLength(1)
      })

      it('takes the next one once the last has been cancelled, has finished or has timed out', async () => {
        const { ours } = await bed.twoTenants()
        const store = ours.machineActions
        await store.requestScan(newScan(1, 1))
        await store.cancel(cancellation(1))
        expect(await store.requestScan(newScan(2, 1))).toMatchObject({ kind: 'created' })
        await ours.scans.takeEvent(told(2, 1, 1, finished))
        const third = await store.requestScan(newScan(3, 1, { scanType: 'Full', timeOutMs: 1_000 }))
        expect(third).toMatchObject({ kind: 'created' })
        bed.clock.advance(2_000)
        await bed.stores.timeouts.expire(bed.clock.now(), 100)
        expect(await store.requestScan(newScan(4, 1))).toMatchObject({ kind: 'created' })
      })

      it('leaves the other machines of the tenant free', async () => {
        const { ours } = await bed.twoTenants()
        await ours.machineActions.requestScan(newScan(1, 1))
        expect(await ours.machineActions.requestScan(newScan(2, 2, { scanType: 'Full' }))).toMatchObject({
          kind: 'created',
        })
      })

      it('knows no machine of another tenant', async () => {
        const { tenant, ours, theirs } = await bed.twoTenants()
        await theirs.machines.find(machineId(1))
        expect(await ours.machineActions.requestScan(newScan(1, 99))).toEqual({ kind: 'machineUnknown' })
        expect(await bed.rows('machine_action', tenant)).toEqual([])
        expect(await ours.machineActions.find(actionId(1))).toBeUndefined()
        expect(await theirs.machineActions.find(actionId(1))).toMatchObject({ status: 'Pending' })
      })

      it('fails alone in its batch when its id is taken', async () => {
        const { tenant, ours } = await bed.twoTenants()
        const request = (id: number, machine: number) => {
          return { kind: 'machineAction.requestScan', tenant, scan: newScan(id, machine) }
        }
        const cancel = (id: number) => {
          return { kind: 'machineAction.cancel', tenant, cancellation: cancellation(id) }
        }
        const results = await bed.db.apply([
          request(1, 1),
          request(1, 2),
          request(3, 1),
          cancel(1),
          request(4, 1),
          request(5, 99),
          cancel(9),
        ])
        expect(results).toMatchObject([
          { outcome: { kind: 'created' } },
          { error: expect.stringMatching(/unique/i) },
          { outcome: { kind: 'existing', action: { id: actionId(1) } } },
          { outcome: { kind: 'cancelled' } },
          { outcome: { kind: 'created', action: { id: actionId(4) } } },
          { outcome: { kind: 'machineUnknown' } },
          { outcome: { kind: 'unknown' } },
        ])
        expect(await ours.machineActions.requestScan(newScan(6, 2))).toMatchObject({ kind: 'created' })
      })
    })

    describe('cancelling', () => {
      it.each(['Pending', 'InProgress'] as const)(
        'ends a %s action at once and owes a stop',
        async (status) => {
          const { tenant, ours } = await bed.twoTenants()
          await ours.machineActions.requestScan(newScan(1, 1))
          if (status === 'InProgress') await ours.scans.takeEvent(told(1, 1, 1, accepted))
          const answer = await ours.machineActions.cancel(cancellation(1))
          expect(answer).toMatchObject({
            kind: 'cancelled',
            action: {
              status: 'Cancelled',
              errorHResult: HRESULT_CANCELLED,
              cancellation: { requestor: 'Playbooks', comment: 'Not needed' },
            },
          })
          expect(await ours.machineActions.find(actionId(1))).toEqual('action' in answer && answer.action)
          expect(await ours.scans.listOwed(machineId(1))).toEqual([{ verb: 'stop', actionId: actionId(1) }])
          expect(await bed.rows('active_action', tenant)).toEqual([])
          const audit = await bed.rows('audit_entry', tenant)
          expect(audit.filter(({ operation }) => operation === 'machineAction.cancel')).toHaveLength(1)
        },
      )

      it('changes nothing the second time, nor once the action has ended, nor for an unknown id', async () => {
        const { tenant, ours } = await bed.twoTenants()
        const store = ours.machineActions
        await store.requestScan(newScan(1, 1))
        const first = await store.cancel(cancellation(1))
        await store.requestScan(newScan(2, 2))
        await ours.scans.takeEvent(told(2, 2, 1, finished))
        const before = await bed.rows('audit_entry', tenant)
        expect(await store.cancel(cancellation(1))).toEqual({ ...first, kind: 'alreadyCancelled' })
        expect(await store.cancel(cancellation(2))).toMatchObject({
          kind: 'alreadyEnded',
          action: { status: 'Succeeded', cancellation: null },
        })
        expect(await store.cancel(cancellation(3))).toEqual({ kind: 'unknown' })
        expect(await bed.rows('audit_entry', tenant)).toHaveLength(before.length)
      })
    })

    describe('time-outs', () => {
      const expire = async (of: string) =>
        (await bed.stores.timeouts.expire(bed.clock.now(), 1_000))
          .filter(({ tenant }) => tenant === of)
          .map(({ action }) => action)

      it('end an action that no machine took within 72 hours, and not a moment sooner', async () => {
        const { tenant, ours } = await bed.twoTenants()
        const requested = await ours.machineActions.requestScan(newScan(1, 1))
        const { action } = requested as Extract<ScanRequested, { kind: 'created' }>
        const just = async (now: number) =>
          (await bed.stores.timeouts.expire(now as typeof action.expiresAt, 1_000)).filter(
            (ended) => ended.tenant === tenant,
          )
        expect(await just(action.expiresAt - 1)).toEqual([])
        const [ended] = await just(action.expiresAt)
        expect(ended?.action).toMatchObject({
          id: actionId(1),
          status: 'TimeOut',
          errorHResult: HRESULT_TIMED_OUT,
          troubleshootInfo: expect.stringContaining('did not connect'),
        })
        expect(await ours.machineActions.find(actionId(1))).toEqual(ended?.action)
        expect(await bed.rows('active_action', tenant)).toEqual([])
        const audit = await bed.rows('audit_entry', tenant)
        expect(audit.filter(({ operation }) => operation === 'machineAction.timeOut')).toMatchObject([
          { principal_kind: 'server', target: actionId(1) },
        ])
      })

      it('end a scan that was not heard of for 72 hours, counted from its last word', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.machineActions.requestScan(newScan(1, 1))
        bed.clock.advance(TIME_OUT_MS - 60_000)
        await ours.scans.takeEvent(told(1, 1, 1, accepted))
        bed.clock.advance(TIME_OUT_MS - 60_000)
        expect(await expire(tenant)).toEqual([])
        bed.clock.advance(120_000)
        expect(await expire(tenant)).toMatchObject([
          { status: 'TimeOut', troubleshootInfo: expect.stringContaining('not heard of') },
        ])
      })

      it('leave ended actions alone and end each once', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.machineActions.requestScan(newScan(1, 1))
        await ours.machineActions.cancel(cancellation(1))
        await ours.machineActions.requestScan(newScan(2, 2))
        bed.clock.advance(TIME_OUT_MS + 1)
        const twice = await Promise.all([expire(tenant), expire(tenant)])
        expect(twice.flat().map(({ id }) => id)).toEqual([actionId(2)])
        expect(await ours.machineActions.find(actionId(1))).toMatchObject({ status: 'Cancelled' })
      })

      it('take no more than they are asked to, the oldest first', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await expire(tenant)
        // Older than whatever other tests left behind.
        await ours.machineActions.requestScan(newScan(1, 1, { timeOutMs: -TIME_OUT_MS }))
        await ours.machineActions.requestScan(newScan(2, 2, { timeOutMs: -2 * TIME_OUT_MS }))
        const first = await bed.stores.timeouts.expire(bed.clock.now(), 1)
        expect(first.map(({ action }) => action.id)).toEqual([actionId(2)])
        expect((await expire(tenant)).map(({ id }) => id)).toEqual([actionId(1)])
      })
    })

    describe('listing', () => {
      const everyone = { orderBy: [], skip: 0, pageSize: 100 }
      const ids = (page: { rows: readonly { id: string }[] }) => page.rows.map(({ id }) => id)

      it('holds the actions of this tenant alone, newest first', async () => {
        const { ours, theirs } = await bed.twoTenants()
        expect(await ours.machineActions.list(everyone, ALL_MACHINES)).toEqual({ rows: [], next: null })
        for (const n of [3, 1, 2]) await ours.machineActions.requestScan(newScan(n, n))
        expect(ids(await ours.machineActions.list(everyone, ALL_MACHINES))).toEqual([2, 1, 3].map(actionId))
        const filter = parseFilter("scope eq 'Quick' or scope ne 'Quick'")
        expect(ids(await ours.machineActions.list({ ...everyone, filter }, ALL_MACHINES))).toHaveLength(3)
        expect(await ours.machineActions.count(filter, ALL_MACHINES)).toBe(3)
        expect(await theirs.machineActions.count(undefined, ALL_MACHINES)).toBe(2)
      })

      it.each([
        ['its usual order', [], [6, 5, 4, 3, 2, 1]],
        ['one order in time', parseOrderBy('$orderby', 'lastUpdateDateTimeUtc'), [1, 2, 3, 4, 5, 6]],
        ['any other order', parseOrderBy('$orderby', 'scope desc,id'), [1, 3, 5, 2, 4, 6]],
      ] as const)('goes on page by page in %s', async (_, orderBy, expected) => {
        const { ours } = await bed.twoTenants()
        for (const n of MACHINES) {
          await ours.machineActions.requestScan(newScan(n, n, { scanType: n % 2 ? 'Quick' : 'Full' }))
        }
        const first = { orderBy, skip: 0, pageSize: 2 }
        const found: string[] = []
        for (let next: NextPage | null | undefined; next !== null; ) {
          const page: RowPage<StoredMachineAction> = await ours.machineActions.list(
            { ...first, ...next },
            ALL_MACHINES,
          )
          expect(page.rows).toHaveLength(2)
          found.push(...ids(page))
          next = page.next
        }
        expect(found).toEqual(expected.map(actionId))
      })

      it('is not disturbed by what comes between two pages', async () => {
        const { ours } = await bed.twoTenants()
        for (const n of [1, 2, 3]) await ours.machineActions.requestScan(newScan(n, n))
        const query = { orderBy: [], skip: 0, pageSize: 2 }
        const { next } = await ours.machineActions.list(query, ALL_MACHINES)
        await ours.machineActions.requestScan(newScan(4, 4))
        expect(ids(await ours.machineActions.list({ ...query, ...next }, ALL_MACHINES))).toEqual([
          actionId(1),
        ])
      })

      it('ends where the caller wanted it to, without another page', async () => {
        const { ours } = await bed.twoTenants()
        for (const n of [1, 2, 3]) await ours.machineActions.requestScan(newScan(n, n))
        const list = (top: number) =>
          ours.machineActions.list({ orderBy: [], skip: 0, top, pageSize: 2 }, ALL_MACHINES)
        expect(await list(0)).toEqual({ rows: [], next: null })
        expect(await list(1)).toMatchObject({ rows: [{ id: actionId(3) }], next: null })
        expect(await list(2)).toMatchObject({ next: null })
        expect((await list(3)).next).not.toBeNull()
      })
    })
  })
}
