import type { Instant, MachineActionId, TenantId } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import {
  accepted,
  actionId,
  auditEntry,
  detected,
  done,
  failed,
  guid,
  machineId,
  newScan,
  newTask,
  TIME_OUT_MS,
  told,
  toldOfTask,
} from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import { sqlStores, type TenantStores } from '../stores.ts'
import type { AskedTask } from './machine-task.ts'

const SHA256 = '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f'
const FILE = guid(0xf11e)

export function describeMachineTaskStore(kind: string, open: OpenBackend): void {
  describe(`machine tasks on ${kind}`, () => {
    const bed = useTestbed(open)

    /** A scan of machine 1 that has found a file, which stayed where it is. */
    const withDetection = async () => {
      const tenants = await bed.twoTenants()
      const { machineActions, scans, detections } = tenants.ours
      await machineActions.requestScan(newScan(1, 1))
      await scans.takeEvent(told(1, 1, 1, accepted))
      await scans.takeEvent(told(1, 1, 2, detected('/srv/mail/eicar')))
      const [found] = await detections.list({ limit: 1 }, ALL_MACHINES)
      if (!found) throw new Error('The detection was not kept.')
      const asked: AskedTask = {
        verb: 'quarantine',
        detectionId: found.id,
        path: { text: '/srv/mail/eicar' },
        sha256: SHA256,
        sizeBytes: 68,
        threatName: 'Eicar-Test-Signature',
      }
      return { ...tenants, detectionId: found.id, asked }
    }
    /** As `withDetection`; the file has been moved to quarantine by task 2. */
    const withFile = async () => {
      const found = await withDetection()
      await found.ours.machineTasks.request(newTask(2, 1, { asked: found.asked }))
      await found.ours.machineTasks.takeEvent(toldOfTask(2, 1, 1, accepted))
      await found.ours.machineTasks.takeEvent(toldOfTask(2, 1, 2, done(FILE.toUpperCase())))
      return found
    }
    const taken = async () => {
      const tenants = await bed.twoTenants()
      await tenants.ours.machineTasks.request(newTask(1, 1))
      await tenants.ours.machineTasks.takeEvent(toldOfTask(1, 1, 1, accepted))
      return tenants
    }
    const task = (stores: TenantStores, n: number) => stores.machineTasks.find(actionId(n))
    const file = (stores: TenantStores) => stores.quarantine.findWithin(FILE, ALL_MACHINES)
    const dispositionOf = async (stores: TenantStores, id: string) =>
      (await stores.detections.findWithin(id, ALL_MACHINES))?.detection
    const audited = async (tenant: TenantId, operation: string) =>
      (await bed.rows('audit_entry', tenant)).filter((row) => row.operation === operation)

    describe('asking for one', () => {
      it('makes it Pending and owed, and audits who asked', async () => {
        const { tenant, ours } = await bed.twoTenants()
        const outcome = await ours.machineTasks.request(newTask(1, 1))
        const task = {
          id: actionId(1),
          machineId: machineId(1),
          computerDnsName: 'Lab-1.example',
          asked: { verb: 'updateSignatures' },
          status: 'Pending',
          requestor: 'Playbooks',
          comment: 'Before the scan',
          createdAt: expect.any(Number),
          updatedAt: expect.any(Number),
          endedAt: null,
          expiresAt: expect.any(Number),
          lastEvent: 0,
          quarantineId: null,
          sentence: null,
          reportedLate: false,
        }
        expect(outcome).toEqual({ kind: 'created', task })
        expect(await ours.machineTasks.find(actionId(1))).toEqual(task)
        expect(await ours.machineTasks.listOwed(machineId(1))).toEqual([
          {
            verb: 'updateSignatures',
            actionId: actionId(1),
            requestor: 'Playbooks',
            comment: 'Before the scan',
          },
        ])
        expect(await ours.machineTasks.listOwed(machineId(2))).toEqual([])
        expect(await audited(tenant, 'machineTask.create')).toMatchObject([{ target: actionId(1) }])
      })

      it('while the same has not ended answers that one, and audits the second call', async () => {
        const { tenant, ours } = await taken()
        expect(
          await ours.machineTasks.request(newTask(2, 1, { requestor: 'Ada', comment: 'Again' })),
        ).toMatchObject({ kind: 'existing', task: { id: actionId(1), requestor: 'Playbooks' } })
        expect(await task(ours, 2)).toBeUndefined()
        const [again] = await audited(tenant, 'machineTask.requestAgain')
        expect(again).toMatchObject({ target: actionId(1), detail: JSON.stringify({ comment: 'Again' }) })
      })

      it('makes one row of 50 requests at once, also when two servers take them', async () => {
        const { tenant, ours } = await bed.twoTenants()
        const second = await bed.openNode()
        const others = sqlStores(second, () => 'unused').forTenant(tenant)
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            (i % 2 === 0 ? ours : others).machineTasks.request(newTask(i + 1, 1)),
          ),
        )
        await second[Symbol.asyncDispose]()
        expect(answers.filter(({ kind }) => kind === 'created')).toHaveLength(1)
        expect(answers.filter(({ kind }) => kind === 'existing')).toHaveLength(49)
        expect(await bed.rows('machine_task', tenant)).toHaveLength(1)
      })

      it('makes another one for another machine, and once the last has ended', async () => {
        const { ours } = await taken()
        expect(await ours.machineTasks.request(newTask(2, 2))).toMatchObject({ kind: 'created' })
        await ours.machineTasks.takeEvent(toldOfTask(1, 1, 2, done()))
        expect(await ours.machineTasks.request(newTask(3, 1))).toMatchObject({ kind: 'created' })
      })

      it('with a key answers the same for a day, also when it has ended, and refuses another request', async () => {
        const { ours } = await bed.twoTenants()
        const idempotency = { principal: 'application/1', key: 'k', fingerprint: 'one' }
        await ours.machineTasks.request(newTask(1, 1, { idempotency }))
        await ours.machineTasks.takeEvent(toldOfTask(1, 1, 1, done()))
        expect(await ours.machineTasks.request(newTask(2, 1, { idempotency }))).toMatchObject({
          kind: 'repeated',
          task: { id: actionId(1) },
        })
        const other = { ...idempotency, fingerprint: 'another' }
        expect(await ours.machineTasks.request(newTask(3, 1, { idempotency: other }))).toEqual({
          kind: 'keyReused',
        })
        bed.clock.advance(86_400_001)
        expect(await ours.machineTasks.request(newTask(4, 1, { idempotency: other }))).toMatchObject({
          kind: 'created',
        })
      })

      it('is needless for a file that is where it is to be', async () => {
        const { ours, asked } = await withFile()
        expect(await ours.machineTasks.request(newTask(3, 1, { asked }))).toEqual({
          kind: 'needless',
          why: expect.stringContaining(FILE),
        })
        const restore: AskedTask = { verb: 'restore', quarantineId: FILE }
        await ours.machineTasks.request(newTask(4, 1, { asked: restore }))
        await ours.machineTasks.takeEvent(toldOfTask(4, 1, 1, done()))
        expect(await ours.machineTasks.request(newTask(5, 1, { asked: restore }))).toEqual({
          kind: 'needless',
          why: expect.stringContaining('given back'),
        })
        expect(await ours.machineTasks.request(newTask(6, 1, { asked }))).toMatchObject({ kind: 'created' })
      })
    })

    describe('what a machine tells of one', () => {
      it('is kept once, in its order, and moves it to its end', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.machineTasks.request(newTask(1, 1))
        const tell = (n: number, event = done()) => ours.machineTasks.takeEvent(toldOfTask(1, 1, n, event))
        expect(await tell(2)).toEqual({ kind: 'gap', ackedEvent: 0 })
        expect(await tell(1, accepted)).toMatchObject({ kind: 'stored', moved: { status: 'InProgress' } })
        expect(await ours.machineTasks.listOwed(machineId(1))).toEqual([])
        expect(await tell(1, accepted)).toEqual({ kind: 'repeated', ackedEvent: 1 })
        expect(await tell(2)).toMatchObject({
          kind: 'stored',
          moved: { status: 'Succeeded', sentence: 'It is done.', endedAt: expect.any(Number) },
        })
        expect(await tell(2)).toEqual({ kind: 'repeated', ackedEvent: 2 })
        const [end] = await audited(tenant, 'machineTask.end')
        expect(end).toMatchObject({
          target: actionId(1),
          principal_kind: 'machine',
          principal_id: machineId(1),
          principal_name: 'Lab-1.example',
        })
      })

      it('is stored only once when it is sent many times at once', async () => {
        const { tenant, ours } = await taken()
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => ours.machineTasks.takeEvent(toldOfTask(1, 1, 2, done()))),
        )
        expect(answers.filter(({ kind }) => kind === 'stored')).toHaveLength(1)
        expect(answers.filter(({ kind }) => kind === 'repeated')).toHaveLength(19)
        expect(await audited(tenant, 'machineTask.end')).toHaveLength(1)
      })

      it('counts from its own machine only', async () => {
        const { ours, theirs } = await taken()
        expect(await ours.machineTasks.takeEvent(toldOfTask(1, 2, 2, done()))).toEqual({ kind: 'unknown' })
        expect(await ours.machineTasks.takeEvent(toldOfTask(7, 1, 1, done()))).toEqual({ kind: 'unknown' })
        expect(await theirs.machineTasks.takeEvent(toldOfTask(1, 1, 1, done()))).toEqual({ kind: 'unknown' })
        expect(await task(ours, 1)).toMatchObject({ status: 'InProgress' })
      })

      it('ends it as Failed with the reason', async () => {
        const { ours } = await taken()
        await ours.machineTasks.takeEvent(toldOfTask(1, 1, 2, failed('The mirror did not answer.')))
        expect(await task(ours, 1)).toMatchObject({
          status: 'Failed',
          sentence: 'The mirror did not answer.',
        })
      })

      it('implies that the machine took it', async () => {
        const { ours } = await bed.twoTenants()
        await ours.machineTasks.request(newTask(1, 1))
        await ours.machineTasks.takeEvent(toldOfTask(1, 1, 1, done()))
        expect(await task(ours, 1)).toMatchObject({ status: 'Succeeded' })
      })

      it('after its end is kept as late and moves nothing', async () => {
        const { ours, asked } = await withDetection()
        await ours.machineTasks.request(newTask(2, 1, { asked }))
        await ours.machineTasks.takeEvent(toldOfTask(2, 1, 1, accepted))
        bed.clock.advance(TIME_OUT_MS + 1)
        await bed.stores.taskTimeouts.expire(bed.clock.now(), 1_000)
        expect(await ours.machineTasks.takeEvent(toldOfTask(2, 1, 2, done(FILE)))).toEqual({
          kind: 'stored',
          moved: null,
        })
        expect(await task(ours, 2)).toMatchObject({
          status: 'TimeOut',
          reportedLate: true,
          sentence: 'It is done.',
          quarantineId: FILE,
        })
        // The file is gone from its place all the same.
        expect(await file(ours)).toMatchObject({ state: 'quarantined' })
      })
    })

    describe('the file of one', () => {
      it('is in quarantine when the machine says so, and its detection says it too', async () => {
        const { tenant, ours, detectionId } = await withFile()
        expect(await file(ours)).toEqual({
          id: FILE,
          machineId: machineId(1),
          computerDnsName: 'Lab-1.example',
          detectionId,
          cause: 'order',
          state: 'quarantined',
          path: { text: '/srv/mail/eicar' },
          threatName: 'Eicar-Test-Signature',
          sha256: SHA256,
          sizeBytes: 68,
          quarantinedAt: expect.any(Number),
          restoredAt: null,
          failure: null,
        })
        expect(await dispositionOf(ours, detectionId)).toMatchObject({
          disposition: 'quarantined',
          quarantineId: FILE,
        })
        expect(await task(ours, 2)).toMatchObject({ quarantineId: FILE })
        expect(await audited(tenant, 'quarantine.add')).toMatchObject([
          { target: FILE, principal_kind: 'machine' },
        ])
      })

      it('is back when the machine says so, and its detection says it too', async () => {
        const { tenant, ours, detectionId } = await withFile()
        await ours.machineTasks.request(newTask(3, 1, { asked: { verb: 'restore', quarantineId: FILE } }))
        await ours.machineTasks.takeEvent(toldOfTask(3, 1, 1, done()))
        expect(await file(ours)).toMatchObject({ state: 'restored', restoredAt: expect.any(Number) })
        const detection = await dispositionOf(ours, detectionId)
        expect(detection).toMatchObject({
          disposition: 'reported',
          dispositionReason: expect.stringContaining('given back'),
        })
        expect(detection).not.toHaveProperty('quarantineId')
        expect(await audited(tenant, 'quarantine.restore')).toMatchObject([{ target: FILE }])
      })

      it('that could not be given back says why, until it is', async () => {
        const { ours } = await withFile()
        const restore = { asked: { verb: 'restore', quarantineId: FILE } as const }
        await ours.machineTasks.request(newTask(3, 1, restore))
        await ours.machineTasks.takeEvent(toldOfTask(3, 1, 1, failed('Its folder is gone.')))
        expect(await file(ours)).toMatchObject({ state: 'failed', failure: 'Its folder is gone.' })
        await ours.machineTasks.request(newTask(4, 1, restore))
        await ours.machineTasks.takeEvent(toldOfTask(4, 1, 1, done()))
        expect(await file(ours)).toMatchObject({ state: 'restored', failure: null })
      })

      it('that could not be taken stays as it was', async () => {
        const { ours, asked, detectionId } = await withDetection()
        await ours.machineTasks.request(newTask(2, 1, { asked }))
        await ours.machineTasks.takeEvent(toldOfTask(2, 1, 1, failed()))
        expect(await file(ours)).toBeUndefined()
        expect(await dispositionOf(ours, detectionId)).toMatchObject({ disposition: 'reported' })
      })

      it('is never touched by what another machine says of it', async () => {
        const { ours } = await withFile()
        const before = await file(ours)
        await ours.machineTasks.request(newTask(3, 2, { asked: { verb: 'restore', quarantineId: FILE } }))
        await ours.machineTasks.takeEvent(toldOfTask(3, 2, 1, done()))
        expect(await file(ours)).toEqual(before)
      })
    })

    describe('a machine that lists what it has', () => {
      const reconcile = (stores: TenantStores, listed: number[], machine = 1) =>
        stores.scans.reconcile({
          machineId: machineId(machine),
          listed: listed.map((n) => ({ actionId: actionId(n), lastEvent: 1, ended: false })),
          silenceMs: TIME_OUT_MS,
        })

      it('goes on with a task that both know, whose time begins anew', async () => {
        const { ours } = await taken()
        const before = await task(ours, 1)
        bed.clock.advance(3_600_000)
        expect(await reconcile(ours, [1])).toEqual({
          verdicts: [{ actionId: actionId(1), ackedEvent: 1, verdict: 'continue' }],
          failed: [],
        })
        const after = await task(ours, 1)
        expect(after?.expiresAt).toBeGreaterThan(before?.expiresAt ?? 0)
        expect(after).toEqual({ ...before, expiresAt: after?.expiresAt })
      })

      it('is told to forget one that the server does not know, and one of another machine', async () => {
        const { ours } = await taken()
        expect((await reconcile(ours, [77])).verdicts).toMatchObject([{ verdict: 'forget' }])
        expect((await reconcile(ours, [1], 2)).verdicts).toMatchObject([{ verdict: 'forget' }])
        expect(await task(ours, 1)).toMatchObject({ status: 'InProgress' })
      })

      it('and twice leaves out one that it had taken has lost it', async () => {
        const { tenant, ours } = await taken()
        expect((await reconcile(ours, [])).failed).toEqual([])
        expect((await reconcile(ours, [])).failed).toMatchObject([{ id: actionId(1) }])
        expect(await task(ours, 1)).toMatchObject({
          status: 'Failed',
          sentence: expect.stringContaining('no longer knows'),
        })
        expect(await audited(tenant, 'machineTask.end')).toMatchObject([{ principal_kind: 'server' }])
      })

      it('and leaves it out once only has not', async () => {
        const { ours } = await taken()
        await reconcile(ours, [])
        await reconcile(ours, [1])
        await reconcile(ours, [])
        expect(await task(ours, 1)).toMatchObject({ status: 'InProgress' })
      })

      it('is owed one that never reached it, however often it leaves it out', async () => {
        const { ours } = await bed.twoTenants()
        await ours.machineTasks.request(newTask(1, 1))
        for (let n = 0; n < 4; n += 1) await reconcile(ours, [])
        expect(await ours.machineTasks.listOwed(machineId(1))).toMatchObject([{ actionId: actionId(1) }])
      })
    })

    describe('time-outs', () => {
      const expire = async (tenant: TenantId, now: Instant = bed.clock.now()) =>
        (await bed.stores.taskTimeouts.expire(now, 1_000)).filter((end) => end.tenant === tenant)

      it('end a task that its machine never took, and one that it went silent about', async () => {
        const { tenant, ours } = await taken()
        await ours.machineTasks.request(newTask(2, 2))
        await ours.machineTasks.request(newTask(3, 3, { timeOutMs: 2 * TIME_OUT_MS }))
        expect(await expire(tenant)).toEqual([])
        bed.clock.advance(TIME_OUT_MS + 1)
        expect((await expire(tenant)).map(({ action }) => action.id).sort()).toEqual([
          actionId(1),
          actionId(2),
        ])
        expect(await task(ours, 1)).toMatchObject({
          status: 'TimeOut',
          sentence: expect.stringContaining('not heard of'),
        })
        expect(await task(ours, 2)).toMatchObject({
          status: 'TimeOut',
          sentence: expect.stringContaining('did not connect'),
        })
        expect(await task(ours, 3)).toMatchObject({ status: 'Pending' })
        expect(await ours.machineTasks.listOwed(machineId(2))).toEqual([])
        expect(await audited(tenant, 'machineTask.end')).toHaveLength(2)
      })

      it('end each task once, whoever looks at the same time', async () => {
        const { tenant } = await taken()
        bed.clock.advance(TIME_OUT_MS + 1)
        const twice = await Promise.all([expire(tenant), expire(tenant)])
        expect(twice.flat()).toHaveLength(1)
      })
    })

    describe('tasks of a machine', () => {
      it('are listed newest first, page by page, and no other machine’s', async () => {
        const { ours } = await bed.twoTenants()
        for (const n of [1, 2, 3, 4, 5]) {
          const asked: AskedTask = { verb: 'restore', quarantineId: guid(n) }
          await ours.machineTasks.request(newTask(n, n === 3 ? 2 : 1, { asked }))
        }
        const seen: MachineActionId[] = []
        let page = await ours.machineTasks.list({ machineId: machineId(1), limit: 2 })
        for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
          seen.push(...page.map(({ id }) => id))
          page = await ours.machineTasks.list({ machineId: machineId(1), after: last, limit: 2 })
        }
        expect(seen).toEqual([5, 4, 2, 1].map(actionId))
      })

      it('are found by whoever reaches the machine only', async () => {
        const { ours } = await taken()
        const find = (ids: number[]) =>
          ours.machineTasks.findWithin(actionId(1), { kind: 'deviceGroups', ids: ids as never[] })
        expect(await find([0])).toMatchObject({ id: actionId(1) })
        expect(await find([1])).toBeUndefined()
        expect(await ours.machineTasks.findWithin(actionId(1), ALL_MACHINES)).toMatchObject({
          id: actionId(1),
        })
      })
    })

    it('are owed a hundred at a time, the oldest first', async () => {
      const { ours } = await bed.twoTenants()
      await Promise.all(
        Array.from({ length: 103 }, (_, n) =>
          ours.machineTasks.request(
            newTask(n + 1, 1, {
              asked: { verb: 'restore', quarantineId: guid(n + 1) },
              audit: auditEntry({ target: actionId(n + 1) }),
            }),
          ),
        ),
      )
      const owed = await ours.machineTasks.listOwed(machineId(1))
      expect(owed).toHaveLength(100)
      await ours.machineTasks.takeEvent(toldOfTask(1, 1, 1, done()))
      expect(await ours.machineTasks.listOwed(machineId(1))).toHaveLength(100)
    })
  })
}
