import { readMachineActionId, Scan, WaitQuery } from '@fleetsweep/protocol'
import { notFound } from '../../kit/http/index.ts'
import { readUntilEnded, type WaitServices } from '../../machine-action/index.ts'
import { operation } from '../../principal/index.ts'
import type { ScanService } from '../index.ts'

const ACCESS = { permission: ['Scan.Read.All'], role: ['Scan.Read.All'], reach: 'machine' } as const

/** What a machine action cannot say of its scan: progress, report, conclusion, and the proof of a stop. */
export const getScan = operation({
  route: 'GET /fleet/v1/scans/:actionId',
  summary: 'Read what is known of a scan, or wait until it has ended',
  access: ACCESS,
  query: WaitQuery,
  answers: { 200: Scan },
  handle: (request, services: { scans: ScanService } & WaitServices) => {
    const { actionId } = request.params
    return readUntilEnded(request, actionId, services, ACCESS, async (principal) => {
      const id = readMachineActionId(actionId)
      const scan = id && (await services.scans.find(principal, id))
      if (!scan) throw notFound(`The scan ${actionId}`)
      return scan
    })
  },
})
