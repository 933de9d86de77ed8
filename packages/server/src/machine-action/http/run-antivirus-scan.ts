import { MachineAction, RunAntivirusScanBody } from '@fleetsweep/protocol'
import { EntityOf, entityAnswer } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineActionService, readScanRequest, showMachineAction, TRANSLATED_NAMES } from '../index.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/run-av-scan */
export const runAntivirusScan = operation({
  route: 'POST /api/machines/:machineId/runAntiVirusScan',
  summary: 'Run an antivirus scan',
  access: { permission: ['Machine.Scan'], role: ['ActiveRemediationActions'], reach: 'machine' },
  body: RunAntivirusScanBody,
  bodyHints: TRANSLATED_NAMES,
  refusals: {
    ActiveRequestAlreadyExists: 'another scan of the machine is under way',
    OsPlatformNotSupported: 'the version of Windows is too old',
    ClientVersionNotSupported: 'the machine has no antivirus engine to scan with',
  },
  answers: { 201: EntityOf(MachineAction) },
  handle: async (
    { params, body, principal, origin },
    { machineActions }: { machineActions: MachineActionService },
  ) => {
    const request = { ...readScanRequest(body), origin }
    const action = await machineActions.requestScan(principal, params.machineId, request)
    return entityAnswer(origin, 'MachineActions', showMachineAction(action))
  },
})
