import { formatInstant, type MachineAction } from '@fleetsweep/protocol'
import type { StoredMachineAction } from './machine-action.ts'

/** A machine action as the Defender API shows it; properties in the order of the wire. */
export function showMachineAction(action: StoredMachineAction): MachineAction {
  const { cancellation } = action
  return {
    id: action.id,
    type: action.type,
    title: null,
    requestor: action.requestor,
    requestorComment: action.requestorComment,
    status: action.status,
    machineId: action.machineId,
    computerDnsName: action.computerDnsName,
    creationDateTimeUtc: formatInstant(action.createdAt),
    lastUpdateDateTimeUtc: formatInstant(action.updatedAt),
    cancellationRequestor: cancellation?.requestor ?? null,
    cancellationComment: cancellation?.comment ?? null,
    cancellationDateTimeUtc: cancellation === null ? null : formatInstant(cancellation.at),
    errorHResult: action.errorHResult,
    scope: action.scanType,
    externalId: action.externalId,
    requestSource: action.requestSource,
    relatedFileInfo: null,
    commands: [],
    troubleshootInfo: action.troubleshootInfo,
  }
}
