import type { FleetDetection } from '@fleetsweep/protocol'
import { makeStyles, tokens } from '@fluentui/react-components'
import { OutsideText } from '../../components/OutsideText.tsx'
import { FileTaskButton } from './FileTaskButton.tsx'

const useStyles = makeStyles({
  fate: { display: 'grid', justifyItems: 'start', gap: tokens.spacingVerticalXS },
})

/** What became of the file of a detection, and for those who may the button that changes it. */
export function DetectionFate({ detection }: { detection: FleetDetection }) {
  const styles = useStyles()
  const { id, quarantineId, path } = detection
  return (
    <div className={styles.fate}>
      <OutsideText text={fateOf(detection)} />
      {quarantineId !== undefined ? (
        <FileTaskButton task={{ verb: 'restore', id: quarantineId }} path={path.text} />
      ) : (
        // Without its content a machine could not tell the file from another.
        detection.sha256 !== null && <FileTaskButton task={{ verb: 'quarantine', id }} path={path.text} />
      )}
    </div>
  )
}

/** Where a file was to be quarantined and was not, the machine says why. */
function fateOf({ disposition, dispositionReason }: FleetDetection): string {
  return dispositionReason === undefined ? disposition : `${disposition}: ${dispositionReason}`
}
