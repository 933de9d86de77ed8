import { formatBytes } from '@fleetsweep/client'
import type { FleetDetection } from '@fleetsweep/protocol'
import { formatMoment } from './moment.ts'
import { renderTable } from './table.ts'

/** Detections as rows; a path inside an archive follows the archive's after ` » `. */
export function renderDetections(detections: readonly FleetDetection[]): string {
  return renderTable(
    [
      { title: 'Detection' },
      { title: 'Threat' },
      { title: 'Machine' },
      { title: 'Path' },
      { title: 'Size', align: 'right' },
      { title: 'SHA-256' },
      { title: 'Owner' },
      { title: 'Detected' },
      { title: 'Disposition' },
    ],
    detections.map((one) => [
      one.id,
      one.threatName,
      one.computerDnsName ?? one.machineId,
      one.innerPath === null ? one.path.text : `${one.path.text} » ${one.innerPath.text}`,
      formatBytes(one.sizeBytes),
      one.sha256 ?? '–',
      one.owner ?? '–',
      formatMoment(one.detectedAt),
      one.dispositionReason === undefined ? one.disposition : `${one.disposition}: ${one.dispositionReason}`,
    ]),
  )
}
