import type { ScanReport } from '@fleetsweep/protocol'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { type LeftOutRow, leftOutRows } from './left-out.ts'
import { Section } from './Section.tsx'

const COLUMNS: TableColumn<LeftOutRow>[] = [
  { title: 'Place', cell: ({ path }) => <OutsideText mono text={path} /> },
  { title: 'Why it was not scanned', cell: ({ why }) => <OutsideText text={why} /> },
]

/** Examples of what a scan left out; the coverage has the counts. */
export function LeftOut({ report }: { report: ScanReport }) {
  const rows = leftOutRows(report)
  if (rows.length === 0) return null
  return (
    <Section title="Left out, examples">
      <DataTable caption="Left out, examples" columns={COLUMNS} rows={rows} keyOf={({ key }) => key} />
    </Section>
  )
}
