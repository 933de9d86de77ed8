import {
  type CoverageRow,
  coverageNotes,
  coverageRows,
  formatBytes,
  formatCount,
  UNCOUNTED_WORDS,
} from '@fleetsweep/client'
import { addsUp, type Coverage, type ScanReport } from '@fleetsweep/protocol'
import { MessageBar, MessageBarBody, Text } from '@fluentui/react-components'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { CoverageBar } from './CoverageBar.tsx'
import { Section } from './Section.tsx'
import { Swatch } from './Swatch.tsx'

const COLUMNS: TableColumn<CoverageRow>[] = [
  {
    title: 'Every file met',
    cell: ({ key, label }) => (
      <>
        <Swatch of={key} />
        {label}
      </>
    ),
  },
  { title: 'Files', cell: ({ tally }) => formatCount(tally.files), number: true },
  { title: 'Size', cell: ({ tally }) => formatBytes(tally.bytes), number: true },
]

/** Where every file that the scan met ended up. */
export function CoverageTable({ report }: { report: ScanReport }) {
  const { coverage } = report
  return (
    <Section title="Coverage">
      {coverage === null ? <Text block>{UNCOUNTED_WORDS}</Text> : <Counts coverage={coverage} />}
      {coverageNotes(report).map((note) => (
        <Text key={note} block>
          {note}
        </Text>
      ))}
    </Section>
  )
}

function Counts({ coverage }: { coverage: Coverage }) {
  const { files, bytes } = coverage.met
  return (
    <>
      {!addsUp(coverage) && (
        <MessageBar intent="error">
          <MessageBarBody>These counts do not add up: do not rely on this report.</MessageBarBody>
        </MessageBar>
      )}
      <CoverageBar coverage={coverage} />
      <DataTable
        caption="Coverage"
        columns={COLUMNS}
        rows={coverageRows(coverage)}
        keyOf={({ key }) => key}
        footer={['Met in all', formatCount(files), formatBytes(bytes)]}
      />
    </>
  )
}
