import { formatInstant, IDEMPOTENCY_KEY_HEADER, RequestedScan, RequestScanBody } from '@fleetsweep/protocol'
import { Answer } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineActionService, readFleetScanRequest, readIdempotencyKey } from '../index.ts'

/** Asks for a scan as the Defender API cannot: of chosen paths, or of every file anew. */
export const requestScan = operation({
  route: 'POST /fleet/v1/machines/:machineId/scans',
  summary: 'Run a scan of any type',
  description:
    'The scan is a machine action of the Defender API as well. A `Custom` scan also needs the permission `Scan.Run.Custom`, and of a person a role with it. With an `Idempotency-Key`, the same call within a day gets the same answer and starts nothing.',
  access: { permission: ['Machine.Scan'], role: ['ActiveRemediationActions'], reach: 'machine' },
  body: RequestScanBody,
  refusals: {
    ActiveRequestAlreadyExists: 'another scan of the machine is under way',
    OsPlatformNotSupported: 'the version of Windows is too old',
    ClientVersionNotSupported: 'the machine has no antivirus engine to scan with',
    IdempotencyKeyReused: 'the same `Idempotency-Key` came with another request within a day',
  },
  answers: { 201: RequestedScan },
  answerHeaders: ['Location'],
  handle: async (
    { params, body, principal, origin, headers },
    { machineActions }: { machineActions: MachineActionService },
  ) => {
    const idempotencyKey = readIdempotencyKey(headers[IDEMPOTENCY_KEY_HEADER])
    const request = { ...readFleetScanRequest(body), origin, ...(idempotencyKey && { idempotencyKey }) }
    const action = await machineActions.requestScan(principal, params.machineId, request)
    const answer: RequestedScan = {
      actionId: action.id,
      machineId: action.machineId,
      computerDnsName: action.computerDnsName,
      scanType: action.scanType,
      paths: request.paths === null ? null : [...request.paths],
      rescan: request.rescan,
      requestor: action.requestor,
      comment: action.requestorComment,
      externalId: action.externalId,
      requestedAt: formatInstant(action.createdAt),
    }
    return new Answer(201, answer, { location: `${origin}/fleet/v1/scans/${action.id}` })
  },
})
