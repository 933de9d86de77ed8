import { countOf } from '@fleetsweep/client'
import type { ScanReport } from '@fleetsweep/protocol'
import { Text } from '@fluentui/react-components'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { type PlaceLeftOut, placesLeftOut } from './left-out.ts'
import { Section } from './Section.tsx'

const COLUMNS: TableColumn<PlaceLeftOut>[] = [
  { title: 'Place', cell: ({ path }) => <OutsideText mono text={path} /> },
  { title: 'Why', cell: ({ why }) => <OutsideText text={why} /> },
]

/** Folders and file systems that a scan did not go into: how many files they hold nobody knows. */
export function PlacesLeftOut({ report }: { report: ScanReport }) {
  const places = placesLeftOut(report)
  const unnamed = report.directoriesUnreadableCount - report.directoriesUnreadable.length
  if (places.length === 0) return null
  return (
    <Section title="Places left out">
      <DataTable caption="Places left out" columns={COLUMNS} rows={places} keyOf={({ key }) => key} />
      {unnamed > 0 && <Text block>and {countOf(unnamed, 'further unreadable folder')}</Text>}
    </Section>
  )
}
