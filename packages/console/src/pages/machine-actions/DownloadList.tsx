import { countOf, formatBytes } from '@fleetsweep/client'
import type { ScanReport } from '@fleetsweep/protocol'
import { Button, MessageBar, MessageBarBody, makeStyles, Text, tokens } from '@fluentui/react-components'
import { ArrowDownloadRegular } from '@fluentui/react-icons'
import { ErrorWords } from '../../components/Outcome.tsx'
import { useNotScannedList } from '../../queries/not-scanned-list.ts'
import { saveFile } from './save-file.ts'

const useStyles = makeStyles({
  row: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  refusal: { marginTop: tokens.spacingVerticalS },
})

/** Saves the list of every file that was not scanned, as its machine sent it, or says why there is none. */
export function DownloadList({ actionId, report }: { actionId: string; report: ScanReport }) {
  const styles = useStyles()
  const download = useNotScannedList(actionId)
  const list = report.notScannedList
  if (!list)
    return <Text block>The machine kept no list of them all; the report names the first of each.</Text>
  const save = () =>
    download.mutate(undefined, {
      onSuccess: (blob) => saveFile(blob, `not-scanned-${actionId}.ndjson.gz`),
    })
  return (
    <div>
      <div className={styles.row}>
        <Button icon={<ArrowDownloadRegular />} disabledFocusable={download.isPending} onClick={save}>
          {download.isPending ? 'Downloading…' : 'Download the whole list'}
        </Button>
        <Text>
          {countOf(list.files, 'file')}, JSON lines in gzip, {formatBytes(list.bytes)}
        </Text>
      </div>
      {download.error && (
        <MessageBar intent="warning" layout="multiline" className={styles.refusal}>
          <MessageBarBody>
            <ErrorWords error={download.error} />
          </MessageBarBody>
        </MessageBar>
      )}
    </div>
  )
}
