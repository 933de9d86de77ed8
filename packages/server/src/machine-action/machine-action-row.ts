import type { Instant, MachineActionId, MachineActionStatus, MachineId, ScanType } from '@fleetsweep/protocol'
import type { StoredMachineAction } from './machine-action.ts'

export type MachineActionTables = {
  machine_action: MachineActionRow
  active_action: { tenant: string; machine: string; type: string; action: string }
}

/** A row of `machine_action`; only `toMachineAction` and `toMachineActionRow` know its columns and types. */
export type MachineActionRow = {
  tenant: string
  id: string
  type: string
  machine: string
  computer_dns_name: string
  computer_dns_name_lower: string
  requestor: string
  requestor_lower: string
  requestor_comment: string
  status: string
  scope: string
  external_id: string | null
  request_source: string
  created_at: number
  updated_at: number
  cancellation_requestor: string | null
  cancellation_comment: string | null
  cancelled_at: number | null
  error_hresult: number
  troubleshoot_info: string | null
  expires_at: number
}

/** The row's own words are trusted: only the writes of this folder put them there. */
export function toMachineAction(row: MachineActionRow): StoredMachineAction {
  return {
    id: row.id as MachineActionId,
    type: 'RunAntiVirusScan',
    machineId: row.machine as MachineId,
    computerDnsName: row.computer_dns_name,
    requestor: row.requestor,
    requestorComment: row.requestor_comment,
    status: row.status as MachineActionStatus,
    scanType: row.scope as ScanType,
    externalId: row.external_id,
    requestSource: row.request_source as StoredMachineAction['requestSource'],
    createdAt: row.created_at as Instant,
    updatedAt: row.updated_at as Instant,
    cancellation:
      row.cancelled_at === null
        ? null
        : {
            requestor: row.cancellation_requestor ?? '',
            comment: row.cancellation_comment,
            at: row.cancelled_at as Instant,
          },
    errorHResult: row.error_hresult,
    troubleshootInfo: row.troubleshoot_info,
    expiresAt: row.expires_at as Instant,
  }
}

export function toMachineActionRow(tenant: string, action: StoredMachineAction): MachineActionRow {
  return {
    tenant,
    id: action.id,
    type: action.type,
    machine: action.machineId,
    computer_dns_name: action.computerDnsName,
    computer_dns_name_lower: action.computerDnsName.toLowerCase(),
    requestor: action.requestor,
    requestor_lower: action.requestor.toLowerCase(),
    requestor_comment: action.requestorComment,
    status: action.status,
    scope: action.scanType,
    external_id: action.externalId,
    request_source: action.requestSource,
    created_at: action.createdAt,
    updated_at: action.updatedAt,
    cancellation_requestor: action.cancellation?.requestor ?? null,
    cancellation_comment: action.cancellation?.comment ?? null,
    cancelled_at: action.cancellation?.at ?? null,
    error_hresult: action.errorHResult,
    troubleshoot_info: action.troubleshootInfo,
    expires_at: action.expiresAt,
  }
}
