import { formatBytes } from '@fleetsweep/client'
import type { FleetDetection } from '@fleetsweep/protocol'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { Section } from './Section.tsx'

const COLUMNS: TableColumn<FleetDetection>[] = [
  { title: 'Threat', cell: ({ threatName }) => <OutsideText text={threatName} /> },
  { title: 'Path', cell: (detection) => <OutsideText mono text={pathOf(detection)} /> },
  { title: 'SHA-256', cell: ({ sha256 }) => <OutsideText mono text={sha256 ?? '–'} /> },
  { title: 'Size', cell: ({ sizeBytes }) => formatBytes(sizeBytes), number: true },
  { title: 'Owner', cell: ({ owner }) => <OutsideText text={owner ?? '–'} /> },
  { title: 'Disposition', cell: (detection) => <OutsideText text={fateOf(detection)} /> },
]

export function DetectionTable({ detections }: { detections: readonly FleetDetection[] }) {
  return (
    <Section title="Detections">
      <DataTable caption="Detections" columns={COLUMNS} rows={detections} keyOf={({ id }) => id} />
    </Section>
  )
}

/** Where a file was to be quarantined and was not, the machine says why. */
function fateOf({ disposition, dispositionReason }: FleetDetection): string {
  return dispositionReason === undefined ? disposition : `${disposition}: ${dispositionReason}`
}

/** A path inside an archive follows the archive's. */
function pathOf({ path, innerPath }: FleetDetection): string {
  return innerPath === null ? path.text : `${path.text} » ${innerPath.text}`
}
