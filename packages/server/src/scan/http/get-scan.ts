import { readMachineActionId, Scan } from '@fleetsweep/protocol'
import { notFound } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { ScanService } from '../index.ts'

/** What a machine action cannot say of its scan: progress, report, conclusion, and the proof of a stop. */
export const getScan = operation({
  route: 'GET /fleet/v1/scans/:actionId',
  summary: 'Get a scan',
  access: { permission: ['Scan.Read.All'], role: ['Scan.Read.All'], reach: 'machine' },
  answers: { 200: Scan },
  handle: async ({ params, principal }, { scans }: { scans: ScanService }) => {
    const id = readMachineActionId(params.actionId)
    const scan = id && (await scans.find(principal, id))
    if (!scan) throw notFound(`The scan ${params.actionId}`)
    return scan
  },
})
