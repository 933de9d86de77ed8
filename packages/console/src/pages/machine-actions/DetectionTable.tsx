import { formatBytes } from '@fleetsweep/client'
import type { FleetDetection } from '@fleetsweep/protocol'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { PageLink } from '../../components/PageLink.tsx'
import { DetectionFate } from '../quarantine/DetectionFate.tsx'
import { Section } from './Section.tsx'

const COLUMNS: TableColumn<FleetDetection>[] = [
  { title: 'Threat', cell: ({ threatName }) => <OutsideText text={threatName} /> },
  { title: 'Path', cell: (detection) => <OutsideText mono text={pathOf(detection)} /> },
  { title: 'SHA-256', cell: ({ sha256 }) => <OutsideText mono text={sha256 ?? '–'} /> },
  { title: 'Size', cell: ({ sizeBytes }) => formatBytes(sizeBytes), number: true },
  { title: 'Owner', cell: ({ owner }) => <OutsideText text={owner ?? '–'} /> },
  { title: 'Disposition', cell: (detection) => <DetectionFate detection={detection} /> },
]

export function DetectionTable({ detections }: { detections: readonly FleetDetection[] }) {
  const [first] = detections
  return (
    <Section title="Detections">
      <DataTable caption="Detections" columns={COLUMNS} rows={detections} keyOf={({ id }) => id} />
      {first && (
        <PageLink to="/quarantine" search={{ machine: first.machineId }}>
          What this machine keeps in quarantine
        </PageLink>
      )}
    </Section>
  )
}

/** A path inside an archive follows the archive's. */
function pathOf({ path, innerPath }: FleetDetection): string {
  return innerPath === null ? path.text : `${path.text} » ${innerPath.text}`
}
