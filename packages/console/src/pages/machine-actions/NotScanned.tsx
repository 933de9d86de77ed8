import { countOf, formatBytes } from '@fleetsweep/client'
import type { NotScannedSample, Scan, ScanReport } from '@fleetsweep/protocol'
import {
  Accordion,
  AccordionHeader,
  AccordionItem,
  AccordionPanel,
  makeStyles,
  Text,
  tokens,
} from '@fluentui/react-components'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { DownloadList } from './DownloadList.tsx'
import { notScannedGroups, shownOf } from './left-out.ts'
import { Section } from './Section.tsx'
import { Swatch } from './Swatch.tsx'

const useStyles = makeStyles({
  amount: { color: tokens.colorNeutralForeground3, marginLeft: tokens.spacingHorizontalS },
})

const COLUMNS: TableColumn<NotScannedSample>[] = [
  { title: 'File', cell: ({ path }) => <OutsideText mono text={path.text} /> },
  { title: 'What stood in the way', cell: ({ detail }) => <OutsideText text={detail ?? '–'} /> },
]

/** The files that were not scanned, by reason: how many, the first of them, and the list of them all. */
export function NotScanned({ scan, report }: { scan: Scan; report: ScanReport }) {
  const styles = useStyles()
  const groups = notScannedGroups(report)
  if (groups.length === 0) return null
  return (
    <Section title="Not scanned">
      <DownloadList actionId={scan.actionId} report={report} />
      <Accordion multiple collapsible>
        {groups.map(({ reason, words, tally, samples }) => (
          <AccordionItem key={reason} value={reason}>
            <AccordionHeader>
              <span>
                <Swatch of={reason} />
                {words}
                <span className={styles.amount}>
                  {countOf(tally.files, 'file')}, {formatBytes(tally.bytes)}
                </span>
              </span>
            </AccordionHeader>
            <AccordionPanel>
              {samples.length > 0 && (
                <DataTable
                  caption={`Files not scanned: ${words}`}
                  columns={COLUMNS}
                  rows={samples}
                  keyOf={({ path }) => path.base64 ?? path.text}
                />
              )}
              <Text block>{shownOf(samples.length, tally)}</Text>
            </AccordionPanel>
          </AccordionItem>
        ))}
      </Accordion>
    </Section>
  )
}
