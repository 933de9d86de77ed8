import type { Scan } from '@fleetsweep/protocol'
import { Field, makeStyles, ProgressBar, Text, tokens } from '@fluentui/react-components'
import { useLiveProgress } from '../../queries/machine-actions.ts'
import { scanStanding } from './scan-standing.ts'

const useStyles = makeStyles({
  box: {
    padding: tokens.spacingHorizontalL,
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  waiting: { marginTop: tokens.spacingVerticalS, overflowWrap: 'anywhere' },
})

/** How far a scan is that has not ended, and why nothing moves where nothing does. @param readAtMs when `scan` was read */
export function ScanProgressBar({ scan, readAtMs }: { scan: Scan; readAtMs: number }) {
  const styles = useStyles()
  const live = useLiveProgress(scan.actionId)
  const { percent, words, waiting, isMoving } = scanStanding({ value: scan, atMs: readAtMs }, live)
  return (
    <div className={styles.box}>
      <Field
        label={percent === null ? 'Progress' : `${percent.toFixed(1)} %`}
        validationState="none"
        validationMessage={words}
      >
        {percent === null && isMoving ? (
          <ProgressBar thickness="large" />
        ) : (
          <ProgressBar
            value={percent ?? 0}
            max={100}
            thickness="large"
            color={isMoving ? 'brand' : 'warning'}
          />
        )}
      </Field>
      {/* There before it says anything: else screen readers would not hear the first of it. */}
      <Text block role="status" className={styles.waiting}>
        {waiting}
      </Text>
    </div>
  )
}
