import { safeText } from '@fleetsweep/client'
import type { Alert, AlertEvidence } from '@fleetsweep/protocol'
import { formatMoment } from './moment.ts'
import { renderTable } from './table.ts'

/** Alerts as rows, in the order given. */
export function renderAlerts(alerts: readonly Alert[]): string {
  return renderTable(
    ['Alert', 'Severity', 'Status', 'Machine', 'Threat', 'Created', 'Last found', 'Assigned to'].map(
      (title) => ({ title }),
    ),
    alerts.map((alert) => [
      alert.id,
      alert.severity,
      alert.status,
      alert.computerDnsName ?? alert.machineId,
      alert.threatName ?? alert.title,
      formatMoment(alert.alertCreationTime),
      formatMoment(alert.lastEventTime),
      alert.assignedTo ?? '–',
    ]),
  )
}

/** One alert: a line for each property that says something, then where its threat is, then what people said. */
export function renderAlert(alert: Alert): string {
  const properties: [string, string | null][] = [
    ['Alert', alert.id],
    ['Title', alert.title],
    ['Description', alert.description],
    ['Severity', alert.severity],
    ['Status', alert.status],
    ['Assigned to', alert.assignedTo],
    ['Classification', alert.classification],
    ['Determination', alert.determination],
    ['Machine', alert.computerDnsName],
    ['Machine id', alert.machineId],
    ['SHA-256', alert.evidence[0]?.sha256 ?? null],
    ['Created', formatMoment(alert.alertCreationTime)],
    ['Last found', formatMoment(alert.lastEventTime)],
    ['Last update', formatMoment(alert.lastUpdateTime)],
    ['Resolved', alert.resolvedTime === null ? null : formatMoment(alert.resolvedTime)],
  ]
  const lines = properties
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${`${name}:`.padEnd(16)}${safeText(value ?? '')}\n`)
  const comments = alert.comments.map(({ comment, createdBy, createdTime }) => {
    return `${formatMoment(createdTime)}  ${safeText(createdBy)}: ${safeText(comment)}\n`
  })
  return [
    ...lines,
    ...(alert.evidence.length === 0 ? [] : ['\n', renderEvidence(alert.evidence)]),
    ...(comments.length === 0 ? [] : ['\n', ...comments]),
  ].join('')
}

function renderEvidence(evidence: readonly AlertEvidence[]): string {
  return renderTable(
    ['File', 'Folder', 'Owner', 'First found', 'State'].map((title) => ({ title })),
    evidence.map((one) => [
      one.fileName ?? '–',
      one.filePath ?? '–',
      one.accountName ?? '–',
      formatMoment(one.evidenceCreationTime),
      one.detectionStatus,
    ]),
  )
}
