import { addMs, type Instant, MAX_WEBHOOKS } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import {
  accepted,
  actionId,
  auditEntry,
  cancellation,
  detected,
  finished,
  guid,
  machineId,
  newScan,
  newWebhook,
  started,
  told,
} from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { sqlStores, type TenantStores } from '../stores.ts'
import type { AttemptRecord, ClaimedDelivery } from './webhook-store.ts'

const LEASE_MS = 25_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export function describeWebhookStore(kind: string, open: OpenBackend): void {
  describe(`webhooks on ${kind}`, () => {
    const bed = useTestbed(open)

    /** Scan `n` of machine `n`, cancelled at once: the shortest way to something that ended. */
    const endScan = async (stores: TenantStores, n: number) => {
      await stores.machineActions.requestScan(newScan(n, n))
      await stores.machineActions.cancel(cancellation(n))
    }
    const idsOf = async (stores: TenantStores, webhook = 1) =>
      (await stores.webhooks.listDeliveries(guid(webhook), { limit: 100 })).map(({ id }) => id)
    const ended = (n: number) => `action_${actionId(n)}`
    const claim = (stores: TenantStores, limit = 10, now: Instant = addMs(bed.clock.now(), 1)) =>
      stores.webhooks.claim(guid(1), { now, leaseMs: LEASE_MS, limit })
    const attempt = (claimed: ClaimedDelivery | undefined, given: Partial<AttemptRecord> = {}) => ({
      webhook: guid(1),
      id: claimed?.delivery.id ?? '',
      claim: claimed?.claim ?? 0,
      url: claimed?.webhook.url ?? '',
      result: { isDelivered: false, status: 500, error: 'The receiver answered 500.', answer: 'no' },
      retryInMs: 5_000,
      isGone: false,
      failingLimitMs: 5 * DAY_MS,
      audit: auditEntry({ operation: 'webhook.disable' }),
      ...given,
    })
    const delivered = { isDelivered: true, status: 204, error: null, answer: '' }

    it('come back as they were made, are listed newest first, and are of one tenant', async () => {
      const { ours, theirs } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(8, { events: ['detection.found'] }), auditEntry())
      await ours.webhooks.create(newWebhook(9, { description: 'SOAR' }), auditEntry())
      expect(await ours.webhooks.find(guid(8))).toMatchObject({
        url: 'https://hooks.example/8',
        events: ['detection.found'],
        disabledAt: null,
        failingSince: null,
        secrets: { current: 'sealed-8', previous: null },
      })
      const [newest] = await ours.webhooks.list({ limit: 1 })
      expect(newest).toMatchObject({ id: guid(9), description: 'SOAR' })
      const after = newest && { at: newest.createdAt, id: newest.id }
      expect((await ours.webhooks.list({ after, limit: 9 })).map(({ id }) => id)).toEqual([guid(8)])
      expect(await theirs.webhooks.find(guid(8))).toBeUndefined()
    })

    it('are a few at most, also when they are made at once', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const node = sqlStores(await bed.openNode(), () => '').forTenant(tenant)
      const outcomes = await Promise.all(
        Array.from({ length: MAX_WEBHOOKS + 4 }, (_, n) =>
          (n % 2 === 0 ? ours : node).webhooks.create(newWebhook(n + 100), auditEntry()),
        ),
      )
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(MAX_WEBHOOKS)
      expect(outcomes.filter((outcome) => outcome === 'tooMany')).toHaveLength(4)
    })

    it('are told of what ends in the transaction that ends it, each with the same message', async () => {
      const { ours, theirs } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await ours.webhooks.create(newWebhook(2, { events: ['machineAction.ended'] }), auditEntry())
      await ours.webhooks.create(newWebhook(3, { events: ['detection.found'] }), auditEntry())
      await ours.webhooks.create(newWebhook(4), auditEntry())
      await ours.webhooks.change(guid(4), { enabled: false }, auditEntry())
      await endScan(ours, 3)
      expect(await idsOf(ours, 1)).toEqual([ended(3)])
      expect(await idsOf(ours, 2)).toEqual([ended(3)])
      expect(await idsOf(ours, 3)).toEqual([])
      expect(await idsOf(ours, 4)).toEqual([])
      expect(await idsOf(theirs, 1)).toEqual([])
      const told = await ours.webhooks.findDelivery(guid(1), ended(3))
      expect(told).toMatchObject({ event: 'machineAction.ended', subject: actionId(3), status: 'pending' })
      expect(JSON.parse(told?.data ?? '')).toMatchObject({
        actionId: actionId(3),
        status: 'Cancelled',
        machineId: machineId(3),
        computerDnsName: 'Lab-3.example',
        conclusion: null,
      })
    })

    it('are told of every way in which an action ends', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      for (const n of [1, 2, 3, 4])
        await ours.machineActions.requestScan(newScan(n, n, { timeOutMs: n * 1_000 }))
      await ours.scans.takeEvent(told(1, 1, 1, finished))
      await ours.scans.takeEvent(told(2, 2, 1, { kind: 'failed', reason: 'No engine', report: null }))
      await ours.machineActions.cancel(cancellation(3))
      await bed.stores.timeouts.expire(addMs(bed.clock.now(), 5_000), 100)
      const rows = await ours.webhooks.listDeliveries(guid(1), { limit: 9 })
      const statuses = rows.map(({ data }) => JSON.parse(data).status)
      expect(statuses.toReversed()).toEqual(['Succeeded', 'Failed', 'Cancelled', 'TimeOut'])
      const [succeeded] = rows.toReversed()
      expect(JSON.parse(succeeded?.data ?? '').conclusion).toMatchObject({ word: expect.any(String) })
    })

    it('are told of a detection once, however many attempts of the scan meet it', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await ours.machineActions.requestScan(newScan(1, 1))
      const events = [
        accepted,
        started(1),
        detected('/tmp/a\\x1b'),
        started(2),
        detected('/tmp/a\\x1b', 2),
        detected('/tmp/b', 2),
      ]
      for (const [index, event] of events.entries()) await ours.scans.takeEvent(told(1, 1, index + 1, event))
      const rows = await ours.webhooks.listDeliveries(guid(1), { limit: 9 })
      expect(rows.map(({ event }) => event)).toEqual(['detection.found', 'detection.found'])
      expect(rows.map(({ data }) => JSON.parse(data).path)).toEqual(['/tmp/b', '/tmp/a\\x1b'])
      expect(JSON.parse(rows[0]?.data ?? '')).toMatchObject({
        actionId: actionId(1),
        alertId: expect.stringMatching(/^da\d+_-?\d+$/),
        threatName: 'Eicar-Test-Signature',
        computerDnsName: 'Lab-1.example',
      })
    })

    it('leave no delivery where the action did not end', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await endScan(ours, 1)
      await ours.machineActions.cancel(cancellation(1))
      await ours.scans.takeEvent(told(1, 1, 1, finished))
      expect(await idsOf(ours)).toEqual([ended(1)])
    })

    it('are due while something waits for them, and they are enabled', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const due = async () =>
        (await bed.stores.webhookOutbox.due(addMs(bed.clock.now(), 1))).filter((one) => one.tenant === tenant)
      await ours.webhooks.create(newWebhook(1), auditEntry())
      expect(await due()).toEqual([])
      await endScan(ours, 1)
      expect(await due()).toEqual([{ tenant, webhook: guid(1), isFailing: false }])
      await ours.webhooks.change(guid(1), { enabled: false }, auditEntry())
      expect(await due()).toEqual([])
      expect(await claim(ours)).toEqual([])
      await ours.webhooks.change(guid(1), { enabled: true }, auditEntry())
      expect(await due()).toHaveLength(1)
      await claim(ours)
      expect(await due()).toEqual([])
    })

    it('give each delivery to one node, and again when its lease has ended', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const node = sqlStores(await bed.openNode(), () => '').forTenant(tenant)
      await ours.webhooks.create(newWebhook(1), auditEntry())
      for (const n of [1, 2, 3, 4, 5, 6]) await endScan(ours, n)
      const taken = await Promise.all([claim(ours, 2), claim(node, 2), claim(ours, 2), claim(node, 2)])
      // Another node may look in the moment before the rows of the first are its own, and then finds fewer.
      const all = [...taken.flat(), ...(await claim(ours))]
      const ids = all.map(({ delivery }) => delivery.id)
      expect(ids.toSorted()).toEqual([1, 2, 3, 4, 5, 6].map(ended))
      expect(all.every(({ delivery }) => delivery.attempts === 1)).toBe(true)
      const later = addMs(bed.clock.now(), LEASE_MS + 2)
      const again = await claim(node, 10, later)
      expect(again).toHaveLength(6)
      expect(again[0]).toMatchObject({ claim: 2, delivery: { attempts: 2 } })
    })

    it('hear only of the last claim', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await endScan(ours, 1)
      const [first] = await claim(ours)
      const [second] = await claim(ours, 1, addMs(bed.clock.now(), LEASE_MS + 2))
      await ours.webhooks.record(attempt(first, { result: delivered, retryInMs: null }))
      expect(await ours.webhooks.findDelivery(guid(1), ended(1))).toMatchObject({ status: 'pending' })
      await ours.webhooks.record(attempt(second, { result: delivered, retryInMs: null }))
      expect(await ours.webhooks.findDelivery(guid(1), ended(1))).toMatchObject({
        status: 'delivered',
        nextAttemptAt: null,
        lastStatus: 204,
        lastError: null,
      })
      await ours.webhooks.record(attempt(second))
      expect(await ours.webhooks.findDelivery(guid(1), ended(1))).toMatchObject({ status: 'delivered' })
    })

    it('note how an attempt failed and when the next one is, until there is none', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await endScan(ours, 1)
      const [first] = await claim(ours)
      expect(await ours.webhooks.record(attempt(first))).toBeNull()
      const failed = await ours.webhooks.findDelivery(guid(1), ended(1))
      expect(failed).toMatchObject({ status: 'pending', lastStatus: 500, lastAnswer: 'no' })
      expect(failed?.nextAttemptAt).toBeGreaterThanOrEqual(addMs(bed.clock.now(), 5_000))
      expect((await ours.webhooks.find(guid(1)))?.failingSince).not.toBeNull()
      bed.clock.advance('6s')
      const [second] = await claim(ours)
      await ours.webhooks.record(attempt(second, { retryInMs: null }))
      const over = await ours.webhooks.findDelivery(guid(1), ended(1))
      expect(over).toMatchObject({ status: 'failed', attempts: 2, nextAttemptAt: null })
    })

    it('get a delivery back that a node gives back, as if it had not been tried', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await endScan(ours, 1)
      const [first] = await claim(ours)
      await ours.webhooks.release({ webhook: guid(1), id: ended(1), claim: first?.claim ?? 0 })
      expect(await claim(ours)).toMatchObject([{ claim: 2, delivery: { attempts: 1 } }])
    })

    it('are disabled when they have failed for days on end, which the audit says', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await endScan(ours, 1)
      const fail = async () => {
        const [claimed] = await claim(ours)
        return ours.webhooks.record(attempt(claimed, { retryInMs: DAY_MS }))
      }
      for (const _ of [0, 1, 2, 3, 4]) {
        expect(await fail()).toBeNull()
        bed.clock.advance('24h')
        bed.clock.advance('1s')
      }
      expect(await fail()).toBe('failing')
      expect(await ours.webhooks.find(guid(1))).toMatchObject({ disabledReason: 'failing' })
      const audit = await bed.rows('audit_entry', tenant)
      expect(audit.filter(({ operation }) => operation === 'webhook.disable')).toMatchObject([
        { detail: '{"reason":"failing"}' },
      ])
      // What waited waits on.
      await ours.webhooks.change(guid(1), { enabled: true }, auditEntry())
      expect(await ours.webhooks.find(guid(1))).toMatchObject({ disabledAt: null, failingSince: null })
      bed.clock.advance('25h')
      expect(await claim(ours)).toHaveLength(1)
    })

    it('are not disabled for two failures with nothing to send between them', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await endScan(ours, 1)
      await ours.webhooks.record(attempt((await claim(ours))[0], { retryInMs: null }))
      bed.clock.advance('30d')
      await endScan(ours, 2)
      expect(await ours.webhooks.record(attempt((await claim(ours))[0]))).toBeNull()
    })

    it('have not failed on end once one delivery succeeded', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      for (const n of [1, 2]) await endScan(ours, n)
      const [first, second] = await claim(ours)
      await ours.webhooks.record(attempt(first))
      await ours.webhooks.record(attempt(second, { result: delivered, retryInMs: null }))
      expect((await ours.webhooks.find(guid(1)))?.failingSince).toBeNull()
    })

    it('are disabled at once when their receiver is gone', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await endScan(ours, 1)
      const [claimed] = await claim(ours)
      expect(await ours.webhooks.record(attempt(claimed, { isGone: true, retryInMs: null }))).toBe('gone')
      await endScan(ours, 2)
      expect(await idsOf(ours)).toEqual([ended(1)])
    })

    it('hold nothing against another receiver that they got while the one before was asked', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await endScan(ours, 1)
      const [claimed] = await claim(ours)
      await ours.webhooks.change(guid(1), { url: 'https://hooks.example/moved' }, auditEntry())
      const gone = attempt(claimed, { isGone: true, retryInMs: null })
      expect(await ours.webhooks.record(gone)).toBeNull()
      expect(await ours.webhooks.find(guid(1))).toMatchObject({ disabledAt: null, failingSince: null })
      const [again] = await claim(ours)
      expect(again).toMatchObject({
        webhook: { url: 'https://hooks.example/moved' },
        delivery: { id: ended(1), attempts: 1 },
      })
    })

    it('keep the secret before for as long as they are told', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      const rotate = (sealedSecret: string, previousValidMs: number) =>
        ours.webhooks.rotate(guid(1), { sealedSecret, previousValidMs }, auditEntry())
      await rotate('second', HOUR_MS)
      const secrets = async () => (await ours.webhooks.find(guid(1)))?.secrets
      expect(await secrets()).toMatchObject({ current: 'second', previous: { sealed: 'sealed-1' } })
      expect((await secrets())?.previous?.until).toBeGreaterThanOrEqual(addMs(bed.clock.now(), HOUR_MS))
      await rotate('third', 0)
      expect(await secrets()).toEqual({ current: 'third', previous: null })
      expect(
        await ours.webhooks.rotate(guid(7), { sealedSecret: '', previousValidMs: 0 }, auditEntry()),
      ).toBe('unknown')
    })

    it('begin anew with a delivery that is over, and leave one alone that is on its way', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      await endScan(ours, 1)
      const again = () =>
        ours.webhooks.redeliver(guid(1), ended(1), auditEntry({ operation: 'webhook.redeliver' }))
      expect(await again()).toBe('pending')
      await ours.webhooks.record(attempt((await claim(ours))[0], { result: delivered, retryInMs: null }))
      expect(await again()).toBe('pending')
      const audit = await bed.rows('audit_entry', tenant)
      expect(audit.filter(({ operation }) => operation === 'webhook.redeliver')).toHaveLength(1)
      expect(await claim(ours)).toMatchObject([{ claim: 2, delivery: { attempts: 1, lastStatus: null } }])
      expect(await ours.webhooks.redeliver(guid(1), ended(9), auditEntry())).toBe('unknown')
      await ours.webhooks.change(guid(1), { enabled: false }, auditEntry())
      expect(await again()).toBe('disabled')
    })

    it('are tested whatever they want to hear of, while they are enabled', async () => {
      const { ours } = await bed.twoTenants()
      await ours.webhooks.create(newWebhook(1), auditEntry())
      const test = { id: 'test_1', subject: '1', data: '{}' }
      expect(await ours.webhooks.addTest(guid(1), test, auditEntry())).toBe('added')
      expect(await claim(ours)).toMatchObject([{ delivery: { event: 'webhook.test' } }])
      expect(await ours.webhooks.addTest(guid(2), test, auditEntry())).toBe('unknown')
      await ours.webhooks.change(guid(1), { enabled: false }, auditEntry())
      expect(await ours.webhooks.addTest(guid(1), { ...test, id: 'test_2' }, auditEntry())).toBe('disabled')
    })

    it('are forgotten with their log, and their log by its age', async () => {
      const { ours, theirs } = await bed.twoTenants()
      for (const n of [1, 2]) await ours.webhooks.create(newWebhook(n), auditEntry())
      for (const n of [1, 2, 3]) await endScan(ours, n)
      await ours.webhooks.remove(guid(1), auditEntry())
      expect(await ours.webhooks.remove(guid(1), auditEntry())).toBe('unknown')
      expect(await ours.webhooks.forgetDeliveries(guid(1), 2)).toBe(2)
      expect(await ours.webhooks.forgetDeliveries(guid(1), 2)).toBe(1)
      expect(await ours.webhooks.forgetDeliveries(guid(1), 2)).toBe(0)
      await endScan(ours, 4)
      expect(await idsOf(ours, 1)).toEqual([])
      expect(await idsOf(ours, 2)).toHaveLength(4)
      bed.clock.advance('1h')
      const before = bed.clock.now()
      await endScan(ours, 5)
      while ((await bed.stores.webhookOutbox.forget(before, 100)) === 100);
      expect(await idsOf(ours, 2)).toEqual([ended(5)])
      expect(await idsOf(theirs)).toEqual([])
    })
  })
}
