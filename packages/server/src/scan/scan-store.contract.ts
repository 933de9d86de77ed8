import {
  addMs,
  DEFAULT_SCAN_SETTINGS,
  type DeviceGroupId,
  HRESULT_FAILED,
  type MachineActionId,
  msBetween,
  type OpenAction,
  UNGROUPED,
} from '@fleetsweep/protocol'
import { buildProgress, buildReport } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import {
  accepted,
  actionId,
  auditEntry,
  cancellation,
  detected,
  finished,
  machineId,
  newDeviceGroup,
  newScan,
  rule,
  started,
  TIME_OUT_MS,
  told,
} from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import type { TenantStores } from '../stores.ts'

export function describeScanStore(kind: string, open: OpenBackend): void {
  describe(`scans on ${kind}`, () => {
    const bed = useTestbed(open)

    /** A tenant in which scan 1 waits for machine 1. */
    const pending = async () => {
      const tenants = await bed.twoTenants()
      await tenants.ours.machineActions.requestScan(newScan(1, 1))
      return tenants
    }
    /** A tenant in which machine 1 has taken scan 1. */
    const taken = async () => {
      const tenants = await pending()
      await tenants.ours.scans.takeEvent(told(1, 1, 1, accepted))
      return tenants
    }
    const status = async ({ machineActions }: TenantStores) =>
      (await machineActions.find(actionId(1)))?.status

    describe('taking events', () => {
      it('moves the action with each that moves it, and keeps what was told', async () => {
        const { ours } = await pending()
        const take = (number: number, event: Parameters<typeof told>[3]) =>
          ours.scans.takeEvent(told(1, 1, number, event))
        expect(await take(1, accepted)).toMatchObject({ kind: 'stored', moved: { status: 'InProgress' } })
        expect(await take(2, started())).toEqual({ kind: 'stored', moved: null })
        expect(await take(3, detected('/tmp/eicar'))).toEqual({ kind: 'stored', moved: null })
        const report = buildReport({ detections: 1 })
        expect(await take(4, { kind: 'finished', report })).toMatchObject({
          kind: 'stored',
          moved: {
            status: 'Succeeded',
            errorHResult: 0,
            troubleshootInfo: expect.stringMatching(/1 detection.*; see https:\/\/sweep\.example\/fleet/),
          },
        })
        const scan = await ours.scans.find(actionId(1))
        expect(scan).toMatchObject({ attempts: 1, lastEvent: 4, report, reportedLate: false, stop: null })
        const moments = [scan?.acceptedAt, scan?.startedAt, scan?.endedAt]
        expect(moments).toEqual(moments.toSorted())
        expect(moments).not.toContain(null)
      })

      it('takes each number once and asks for those that are missing', async () => {
        const { ours } = await taken()
        const take = (number: number, event: Parameters<typeof told>[3]) =>
          ours.scans.takeEvent(told(1, 1, number, event))
        expect(await take(3, finished)).toEqual({ kind: 'gap', ackedEvent: 1 })
        expect(await status(ours)).toBe('InProgress')
        expect(await take(1, finished)).toEqual({ kind: 'repeated', ackedEvent: 1 })
        expect(await status(ours)).toBe('InProgress')
        expect(await take(2, started())).toMatchObject({ kind: 'stored' })
        expect(await take(3, finished)).toMatchObject({ kind: 'stored', moved: { status: 'Succeeded' } })
        expect(await take(3, finished)).toEqual({ kind: 'repeated', ackedEvent: 3 })
      })

      it('stores an event that is sent many times at once only once', async () => {
        const { tenant, ours } = await taken()
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => ours.scans.takeEvent(told(1, 1, 2, detected('/tmp/eicar')))),
        )
        expect(answers.filter(({ kind }) => kind === 'stored')).toHaveLength(1)
        expect(answers.filter(({ kind }) => kind === 'repeated')).toHaveLength(19)
        expect(await bed.rows('detection', tenant)).toHaveLength(1)
      })

      it('listens to the machine of the action only', async () => {
        const { tenant, ours } = await taken()
        const before = await bed.rows('scan', tenant)
        expect(await ours.scans.takeEvent(told(1, 2, 2, finished))).toEqual({ kind: 'unknown' })
        expect(await ours.scans.takeEvent(told(7, 1, 1, finished))).toEqual({ kind: 'unknown' })
        await ours.scans.recordProgress(machineId(2), actionId(1), buildProgress(), {
          silenceMs: TIME_OUT_MS,
        })
        expect(await bed.rows('scan', tenant)).toEqual(before)
        expect(await status(ours)).toBe('InProgress')
      })

      it('takes a finish of a Pending action for its acceptance too', async () => {
        const { ours } = await pending()
        expect(await ours.scans.takeEvent(told(1, 1, 1, finished))).toMatchObject({
          kind: 'stored',
          moved: { status: 'Succeeded' },
        })
        const scan = await ours.scans.find(actionId(1))
        expect(scan?.acceptedAt).not.toBeNull()
        expect(scan?.reportedLate).toBe(false)
      })

      it('ends a scan that failed with the reason, and the report as far as there is one', async () => {
        const { ours } = await taken()
        const report = buildReport()
        const failed = { kind: 'failed' as const, reason: 'The self-test found nothing', report }
        expect(await ours.scans.takeEvent(told(1, 1, 2, failed))).toMatchObject({
          moved: {
            status: 'Failed',
            errorHResult: HRESULT_FAILED,
            troubleshootInfo: expect.stringMatching(/^The self-test found nothing; see https:/),
          },
        })
        expect(await ours.scans.find(actionId(1))).toMatchObject({ report })
      })

      it('counts attempts and starts progress anew with each', async () => {
        const { ours } = await taken()
        await ours.scans.takeEvent(told(1, 1, 2, started(1)))
        const first = await ours.scans.find(actionId(1))
        await ours.scans.recordProgress(machineId(1), actionId(1), buildProgress(), {
          silenceMs: TIME_OUT_MS,
        })
        await ours.scans.takeEvent(told(1, 1, 3, started(2)))
        expect(await ours.scans.find(actionId(1))).toMatchObject({
          attempts: 2,
          progress: null,
          startedAt: first?.startedAt,
        })
      })

      it('keeps one detection of one threat in one place, whichever attempts meet it', async () => {
        const { ours } = await taken()
        const found = [
          detected('/tmp/a', 1),
          detected('/tmp/b', 1),
          detected('/tmp/a', 1, { innerPath: { text: 'inner/x' } }),
          detected('/tmp/a', 1, { threatName: 'Another' }),
          detected('/tmp/a', 2),
          detected('/tmp/\\xff', 2, { path: { text: '/tmp/\\xff', base64: 'L3RtcC//' } }),
          detected('/tmp/\\xff', 2),
        ]
        for (const [i, event] of found.entries()) await ours.scans.takeEvent(told(1, 1, i + 2, event))
        const listed = await ours.detections.list({ actionId: actionId(1), limit: 100 }, ALL_MACHINES)
        expect(listed).toHaveLength(6)
        const again = listed.find(
          ({ detection }) =>
            detection.path.text === '/tmp/a' &&
            detection.innerPath === null &&
            detection.threatName !== 'Another',
        )
        expect(again?.attempt).toBe(2)
      })
    })

    describe('a report that comes after the end', () => {
      it('is kept, marked late, and moves nothing', async () => {
        const { ours } = await taken()
        bed.clock.advance(TIME_OUT_MS + 1)
        await bed.stores.timeouts.expire(bed.clock.now(), 1_000)
        const ended = await ours.machineActions.find(actionId(1))
        expect(ended?.status).toBe('TimeOut')
        expect(await ours.scans.takeEvent(told(1, 1, 2, started()))).toEqual({ kind: 'stored', moved: null })
        expect(await ours.scans.takeEvent(told(1, 1, 3, finished))).toEqual({ kind: 'stored', moved: null })
        expect(await ours.machineActions.find(actionId(1))).toEqual(ended)
        expect(await ours.scans.find(actionId(1))).toMatchObject({
          reportedLate: true,
          report: buildReport(),
          stop: null,
        })
      })

      it('frees nothing that a later scan has claimed', async () => {
        const { tenant, ours } = await taken()
        await ours.machineActions.cancel(cancellation(1))
        await ours.machineActions.requestScan(newScan(2, 1))
        await ours.scans.takeEvent(told(1, 1, 2, finished))
        expect(await bed.rows('active_action', tenant)).toMatchObject([{ action: actionId(2) }])
        expect(await ours.machineActions.find(actionId(2))).toMatchObject({ status: 'Pending' })
      })
    })

    describe('a stop', () => {
      it('is owed until the machine proves it, with the proof and the time it took', async () => {
        const { ours } = await taken()
        await ours.machineActions.cancel(cancellation(1))
        expect((await ours.scans.find(actionId(1)))?.stop).toMatchObject({ provenAt: null, proof: null })
        const stopped = { kind: 'stopped' as const, proof: 'processGone' as const, stoppedWithinMs: 320 }
        expect(await ours.scans.takeEvent(told(1, 1, 2, { ...stopped, report: buildReport() }))).toEqual({
          kind: 'stored',
          moved: null,
        })
        expect(await ours.scans.listOwed(machineId(1))).toEqual([])
        const scan = await ours.scans.find(actionId(1))
        expect(scan).toMatchObject({
          report: buildReport(),
          stop: { proof: 'processGone', stoppedWithinMs: 320, provenAt: expect.any(Number) },
        })
        expect(await status(ours)).toBe('Cancelled')
      })

      it('is proven by a scan that ended by itself first, whose report stays', async () => {
        const { ours } = await taken()
        await ours.machineActions.cancel(cancellation(1))
        await ours.scans.takeEvent(told(1, 1, 2, finished))
        expect((await ours.scans.find(actionId(1)))?.stop).toMatchObject({ proof: 'queueEmpty' })
        const ended = await ours.scans.find(actionId(1))
        await ours.scans.takeEvent(
          told(1, 1, 3, { kind: 'stopped', proof: 'queueEmpty', stoppedWithinMs: 4, report: null }),
        )
        expect(await ours.scans.find(actionId(1))).toMatchObject({
          report: buildReport(),
          reportedLate: true,
          endedAt: ended?.endedAt,
          stop: { proof: 'queueEmpty', stoppedWithinMs: 4 },
        })
      })

      it('of a scan that never reached its machine is proven by the word that it never started', async () => {
        const { ours } = await pending()
        await ours.machineActions.cancel(cancellation(1))
        await ours.scans.takeEvent(
          told(1, 1, 1, { kind: 'stopped', proof: 'neverStarted', stoppedWithinMs: 0, report: null }),
        )
        expect(await ours.scans.find(actionId(1))).toMatchObject({
          attempts: 0,
          acceptedAt: null,
          report: null,
          stop: { proof: 'neverStarted' },
        })
        expect(await ours.scans.listOwed(machineId(1))).toEqual([])
      })

      it('is proven by a machine that was set up anew, whatever number its word comes under', async () => {
        const { ours } = await pending()
        await ours.scans.takeEvent(told(1, 1, 1, accepted))
        await ours.machineActions.cancel(cancellation(1))
        const word = {
          kind: 'stopped' as const,
          proof: 'neverStarted' as const,
          stoppedWithinMs: 0,
          report: null,
        }
        expect(await ours.scans.takeEvent(told(1, 1, 1, word))).toEqual({ kind: 'repeated', ackedEvent: 1 })
        expect(await ours.scans.find(actionId(1))).toMatchObject({
          acceptedAt: expect.any(Number),
          stop: { proof: 'neverStarted', provenAt: expect.any(Number) },
        })
        expect(await ours.scans.listOwed(machineId(1))).toEqual([])
      })

      it('that nobody ordered ends the action as Failed and frees the machine', async () => {
        const { ours } = await taken()
        const answer = await ours.scans.takeEvent(
          told(1, 1, 2, { kind: 'stopped', proof: 'processGone', stoppedWithinMs: 9, report: null }),
        )
        expect(answer).toMatchObject({ moved: { status: 'Failed', errorHResult: HRESULT_FAILED } })
        expect(await ours.scans.listOwed(machineId(1))).toEqual([])
        expect(await ours.machineActions.requestScan(newScan(2, 1))).toMatchObject({ kind: 'created' })
      })
    })

    describe('what is owed to a machine', () => {
      it('are its waiting scans and its unproven stops, and no other machine’s', async () => {
        const { ours } = await pending()
        await ours.machineActions.cancel(cancellation(1))
        await ours.machineActions.requestScan(newScan(2, 1, { scanType: 'Full', comment: 'Look again' }))
        await ours.machineActions.requestScan(newScan(3, 2))
        expect(await ours.scans.listOwed(machineId(1))).toEqual([
          { verb: 'stop', actionId: actionId(1) },
          {
            verb: 'scan',
            actionId: actionId(2),
            scanType: 'Full',
            requestor: 'Playbooks',
            comment: 'Look again',
          },
        ])
        expect(await ours.scans.listOwed(machineId(4))).toEqual([])
      })

      it('is no longer a scan that the machine has taken', async () => {
        const { ours } = await taken()
        expect(await ours.scans.listOwed(machineId(1))).toEqual([])
      })
    })

    describe('an order that goes out', () => {
      const prepare = (stores: TenantStores, id: number) => stores.scans.prepareOrder(actionId(id))
      const change = (stores: TenantStores, group: number, cpuCeilingPercent: number) =>
        stores.scanPolicies.change(group as DeviceGroupId, { cpuCeilingPercent }, auditEntry())

      it('says what was asked for and what the policy of the device group lays down', async () => {
        const { ours } = await bed.twoTenants()
        await ours.machineActions.requestScan(newScan(1, 1, { rescan: true }))
        await ours.machineActions.requestScan(newScan(2, 2, { scanType: 'Custom', paths: ['/srv', 'C:\\x'] }))
        await change(ours, UNGROUPED, 25)
        const settings = { ...DEFAULT_SCAN_SETTINGS, cpuCeilingPercent: 25 }
        expect(await prepare(ours, 1)).toEqual({ paths: null, settings: { ...settings, rescan: true } })
        expect(await prepare(ours, 2)).toEqual({ paths: ['/srv', 'C:\\x'], settings })
      })

      it('says the same when it goes out again, and so does the record', async () => {
        const { ours } = await bed.twoTenants()
        await ours.machineActions.requestScan(newScan(1, 1))
        expect(await ours.scans.find(actionId(1))).toMatchObject({ settings: null })
        const first = await prepare(ours, 1)
        await change(ours, UNGROUPED, 25)
        expect(await prepare(ours, 1)).toEqual(first)
        expect(await ours.scans.find(actionId(1))).toMatchObject({ settings: first?.settings })
      })

      it('goes by the group that the machine is in by then', async () => {
        const { ours } = await bed.twoTenants()
        await ours.machineActions.requestScan(newScan(1, 1))
        await ours.deviceGroups.create(
          newDeviceGroup('Lab', rule('name', 'startsWith', 'lab-1.')),
          auditEntry(),
        )
        await change(ours, 1, 10)
        expect(await prepare(ours, 1)).toMatchObject({ settings: { cpuCeilingPercent: 10 } })
      })

      it('is not one of a scan that has ended or is not there', async () => {
        const { ours } = await pending()
        await ours.machineActions.cancel(cancellation(1))
        expect(await prepare(ours, 1)).toBeNull()
        expect(await prepare(ours, 77)).toBeNull()
      })
    })

    describe('progress', () => {
      it('is kept, and puts off the time-out of a scan that is InProgress', async () => {
        const { ours } = await taken()
        const before = await ours.machineActions.find(actionId(1))
        bed.clock.advance(3_600_000)
        await ours.scans.recordProgress(machineId(1), actionId(1), buildProgress(), {
          silenceMs: TIME_OUT_MS,
        })
        expect((await ours.scans.find(actionId(1)))?.progress).toEqual(buildProgress())
        const after = await ours.machineActions.find(actionId(1))
        expect(after?.expiresAt).toBeGreaterThanOrEqual(addMs(bed.clock.now(), TIME_OUT_MS))
        expect(after).toEqual({ ...before, expiresAt: after?.expiresAt })
      })

      it('puts off nothing while the action is Pending, and changes nothing that has ended', async () => {
        const { ours } = await pending()
        const before = await ours.machineActions.find(actionId(1))
        await ours.scans.recordProgress(machineId(1), actionId(1), buildProgress(), {
          silenceMs: 10 * TIME_OUT_MS,
        })
        expect(await ours.machineActions.find(actionId(1))).toEqual(before)
        await ours.scans.takeEvent(told(1, 1, 1, finished))
        const ended = await ours.scans.find(actionId(1))
        await ours.scans.recordProgress(machineId(1), actionId(1), buildProgress({ percent: 1 }), {
          silenceMs: TIME_OUT_MS,
        })
        expect(await ours.scans.find(actionId(1))).toEqual(ended)
      })
    })

    describe('the silence of a scan that goes on where it was', () => {
      const [silenceMs, checkpointSilenceMs] = [TIME_OUT_MS, 3 * TIME_OUT_MS]
      const silence = { silenceMs, checkpointSilenceMs }
      const progress = (filesDone: number) => buildProgress({ filesDone })
      const silentForMs = async (stores: TenantStores) => {
        const action = await stores.machineActions.find(actionId(1))
        return action && msBetween(bed.clock.now(), action.expiresAt)
      }

      it('may be longer once files are done, by every word that follows', async () => {
        const { ours } = await taken()
        const recordProgress = (done: number) =>
          ours.scans.recordProgress(machineId(1), actionId(1), progress(done), silence)
        await recordProgress(0)
        expect(await silentForMs(ours)).toBeCloseTo(silenceMs, -2)
        await recordProgress(1)
        expect(await silentForMs(ours)).toBeCloseTo(checkpointSilenceMs, -2)
        bed.clock.advance(60_000)
        // Another attempt begins; what the one before has done is not lost.
        await ours.scans.takeEvent({ ...told(1, 1, 2, started(2)), ...silence })
        expect(await silentForMs(ours)).toBeCloseTo(checkpointSilenceMs, -2)
        bed.clock.advance(60_000)
        const listed = [{ actionId: actionId(1), lastEvent: 2, ended: false }]
        await ours.scans.reconcile({ machineId: machineId(1), listed, ...silence })
        expect(await silentForMs(ours)).toBeCloseTo(checkpointSilenceMs, -2)
        await recordProgress(0)
        expect(await silentForMs(ours)).toBeCloseTo(checkpointSilenceMs, -2)
      })

      it('is never shorter than that of any other', async () => {
        const { ours } = await taken()
        const shorter = { silenceMs, checkpointSilenceMs: 1 }
        await ours.scans.recordProgress(machineId(1), actionId(1), progress(1), shorter)
        expect(await silentForMs(ours)).toBeCloseTo(silenceMs, -2)
      })

      it('ends with what is known of it, and a report that comes later is kept and moves nothing', async () => {
        const { ours } = await taken()
        await ours.scans.recordProgress(machineId(1), actionId(1), progress(480), silence)
        await ours.scans.takeEvent({ ...told(1, 1, 2, detected('/tmp/eicar.com')), ...silence })
        const due = addMs(bed.clock.now(), checkpointSilenceMs + 1_000)
        await bed.stores.timeouts.expire(addMs(due, -2_000), 1_000)
        expect(await status(ours)).toBe('InProgress')
        await bed.stores.timeouts.expire(due, 1_000)
        expect(await ours.machineActions.find(actionId(1))).toMatchObject({
          status: 'TimeOut',
          troubleshootInfo: expect.stringMatching(
            /^The machine began the scan and was not heard of since \d{4}-.*Z; it had done 480 of 1,200 files\.$/,
          ),
        })
        await ours.scans.takeEvent({ ...told(1, 1, 3, finished), ...silence })
        expect(await ours.machineActions.find(actionId(1))).toMatchObject({ status: 'TimeOut' })
        expect(await ours.scans.find(actionId(1))).toMatchObject({
          reportedLate: true,
          report: expect.any(Object),
        })
      })
    })

    describe('reconciling', () => {
      const reconcile = (stores: TenantStores, listed: OpenAction[], machine = 1) =>
        stores.scans.reconcile({
          machineId: machineId(machine),
          listed: listed.map((action) => ({ ...action, actionId: action.actionId as MachineActionId })),
          silenceMs: TIME_OUT_MS,
        })
      const open = (id: number, lastEvent = 1, ended = false) => ({
        actionId: actionId(id),
        lastEvent,
        ended,
      })

      it('lets a scan that both know go on, and says up to where its events are safe', async () => {
        const { ours } = await taken()
        bed.clock.advance(3_600_000)
        expect(await reconcile(ours, [open(1, 5)])).toEqual({
          verdicts: [{ actionId: actionId(1), ackedEvent: 1, verdict: 'continue' }],
          failed: [],
        })
        const action = await ours.machineActions.find(actionId(1))
        expect(action?.expiresAt).toBeGreaterThanOrEqual(addMs(bed.clock.now(), TIME_OUT_MS))
      })

      it('says stop while a stop is owed, and continue once it is proven', async () => {
        const { ours } = await taken()
        await ours.machineActions.cancel(cancellation(1))
        expect(await reconcile(ours, [open(1)])).toMatchObject({ verdicts: [{ verdict: 'stop' }] })
        await ours.scans.takeEvent(
          told(1, 1, 2, { kind: 'stopped', proof: 'processGone', stoppedWithinMs: 9, report: null }),
        )
        expect(await reconcile(ours, [open(1, 2, true)])).toMatchObject({
          verdicts: [{ verdict: 'continue', ackedEvent: 2 }],
        })
      })

      it('tells a machine to forget what the server does not know, or knows as another machine’s', async () => {
        const { tenant, ours } = await taken()
        const before = await bed.rows('machine_action', tenant)
        expect(await reconcile(ours, [open(1, 1), open(40, 3)], 2)).toEqual({
          verdicts: [
            { actionId: actionId(1), ackedEvent: 0, verdict: 'forget' },
            { actionId: actionId(40), ackedEvent: 0, verdict: 'forget' },
          ],
          failed: [],
        })
        expect(await bed.rows('machine_action', tenant)).toEqual(before)
      })

      it('fails a scan that its machine has left out twice in a row', async () => {
        const { tenant, ours } = await taken()
        expect(await reconcile(ours, [])).toEqual({ verdicts: [], failed: [] })
        expect(await status(ours)).toBe('InProgress')
        expect(await reconcile(ours, [])).toMatchObject({
          failed: [
            {
              id: actionId(1),
              status: 'Failed',
              errorHResult: HRESULT_FAILED,
              troubleshootInfo: expect.stringContaining('no longer knows'),
            },
          ],
        })
        expect(await bed.rows('active_action', tenant)).toEqual([])
        expect(await reconcile(ours, [])).toEqual({ verdicts: [], failed: [] })
      })

      it.each([
        ['is listed again', (stores: TenantStores) => reconcile(stores, [open(1)])],
        ['is told of', (stores: TenantStores) => stores.scans.takeEvent(told(1, 1, 2, started()))],
      ])('counts anew when the scan %s in between', async (_, word) => {
        const { ours } = await taken()
        await reconcile(ours, [])
        await word(ours)
        expect((await reconcile(ours, [])).failed).toEqual([])
        expect((await reconcile(ours, [])).failed).toHaveLength(1)
      })

      it('counts no absence of a scan that the machine has not taken yet', async () => {
        const { ours } = await pending()
        for (let beat = 0; beat < 3; beat += 1) expect((await reconcile(ours, [])).failed).toEqual([])
        expect(await status(ours)).toBe('Pending')
      })
    })
  })
}
