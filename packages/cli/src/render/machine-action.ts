import { resultOf, safeText } from '@fleetsweep/client'
import type { MachineAction } from '@fleetsweep/protocol'
import { formatMoment } from './moment.ts'
import { renderTable } from './table.ts'

/** Machine actions as rows, in the order given. */
export function renderMachineActions(actions: readonly MachineAction[]): string {
  return renderTable(
    ['Action', 'Machine', 'Scan', 'Status', 'Created', 'Requestor', 'Result'].map((title) => ({ title })),
    actions.map((action) => [
      action.id,
      action.computerDnsName ?? action.machineId,
      action.scope ?? '–',
      action.status,
      formatMoment(action.creationDateTimeUtc),
      action.requestor,
      resultOf(action) ?? '',
    ]),
  )
}

/** One machine action, a line for each property that says something. */
export function renderMachineAction(action: MachineAction): string {
  const properties: [string, string | null][] = [
    ['Action', action.id],
    ['Machine', action.computerDnsName],
    ['Machine id', action.machineId],
    ['Scan', action.scope],
    ['Status', action.status],
    ['Result', action.troubleshootInfo],
    ['Requestor', action.requestor],
    ['Comment', action.requestorComment],
    ['External id', action.externalId],
    ['Created', formatMoment(action.creationDateTimeUtc)],
    ['Last update', formatMoment(action.lastUpdateDateTimeUtc)],
    ['Cancelled by', action.cancellationRequestor],
    ['Because', action.cancellationComment],
    ['Error', action.errorHResult === 0 ? null : `${action.errorHResult}`],
  ]
  return properties
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${`${name}:`.padEnd(14)}${safeText(value ?? '')}\n`)
    .join('')
}
