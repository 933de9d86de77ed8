import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { accepted, actionId, detected, machineId, newScan, told } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import type { StoredDetection } from './detection-store.ts'

export function describeDetectionStore(kind: string, open: OpenBackend): void {
  describe(`detections on ${kind}`, () => {
    const bed = useTestbed(open)

    /** Machines 1 and 2 with a scan each: four detections by the first, two by the second. */
    const found = async () => {
      const tenants = await bed.twoTenants()
      const { machineActions, scans } = tenants.ours
      for (const n of [1, 2]) {
        await machineActions.requestScan(newScan(n, n))
        await scans.takeEvent(told(n, n, 1, accepted))
      }
      for (const n of [2, 3]) await scans.takeEvent(told(1, 1, n, detected(`/tmp/${n}`)))
      for (const n of [2, 3]) await scans.takeEvent(told(2, 2, n, detected(`/srv/${n}`)))
      for (const n of [4, 5]) await scans.takeEvent(told(1, 1, n, detected(`/tmp/${n}`)))
      return tenants
    }
    const paths = (detections: StoredDetection[]) => detections.map(({ detection }) => detection.path.text)

    it('are listed newest first, of all, of one scan or of one machine', async () => {
      const { ours } = await found()
      const all = await ours.detections.list({ limit: 100 }, ALL_MACHINES)
      expect(paths(all)).toEqual(['/tmp/5', '/tmp/4', '/srv/3', '/srv/2', '/tmp/3', '/tmp/2'])
      expect(paths(await ours.detections.list({ actionId: actionId(2), limit: 100 }, ALL_MACHINES))).toEqual([
        '/srv/3',
        '/srv/2',
      ])
      expect(paths(await ours.detections.list({ machineId: machineId(1), limit: 2 }, ALL_MACHINES))).toEqual([
        '/tmp/5',
        '/tmp/4',
      ])
      expect(
        await ours.detections.list(
          { machineId: machineId(1), actionId: actionId(2), limit: 9 },
          ALL_MACHINES,
        ),
      ).toEqual([])
    })

    it('are paged without gap or repetition, also while new ones arrive', async () => {
      const { ours } = await found()
      const seen: string[] = []
      let page = await ours.detections.list({ machineId: machineId(1), limit: 2 }, ALL_MACHINES)
      await ours.scans.takeEvent(told(1, 1, 6, detected('/tmp/6')))
      while (page.length > 0) {
        seen.push(...paths(page))
        const after = page.at(-1)
        page = await ours.detections.list(
          {
            machineId: machineId(1),
            limit: 2,
            ...(after === undefined ? {} : { after }),
          },
          ALL_MACHINES,
        )
      }
      expect(seen).toEqual(['/tmp/5', '/tmp/4', '/tmp/3', '/tmp/2'])
    })

    it('are never those of another tenant', async () => {
      const { ours, theirs } = await found()
      expect(await theirs.detections.list({ limit: 100 }, ALL_MACHINES)).toEqual([])
      expect(await theirs.detections.list({ actionId: actionId(1), limit: 100 }, ALL_MACHINES)).toEqual([])
      expect(await ours.detections.list({ limit: 100 }, ALL_MACHINES)).toHaveLength(6)
    })
  })
}
