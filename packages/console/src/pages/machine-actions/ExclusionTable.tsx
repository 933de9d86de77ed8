import { EXCLUDED_BY_WORDS, formatBytes, formatCount } from '@fleetsweep/client'
import type { Exclusion } from '@fleetsweep/protocol'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { Section } from './Section.tsx'

const COLUMNS: TableColumn<Exclusion>[] = [
  { title: 'Place', cell: ({ path }) => <OutsideText mono text={path.text} /> },
  { title: 'Excluded', cell: ({ source }) => EXCLUDED_BY_WORDS[source] },
  { title: 'Files', cell: ({ files }) => formatCount(files), number: true },
  { title: 'Size', cell: ({ bytes }) => formatBytes(bytes), number: true },
]

/** What was met and not opened because somebody laid that down, and how much of it there was. */
export function ExclusionTable({ exclusions }: { exclusions: readonly Exclusion[] }) {
  if (exclusions.length === 0) return null
  return (
    <Section title="Exclusions">
      <DataTable
        caption="Exclusions"
        columns={COLUMNS}
        rows={exclusions}
        keyOf={({ source, path }) => `${source} ${path.base64 ?? path.text}`}
      />
    </Section>
  )
}
