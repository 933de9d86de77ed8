import { describeProgress, safeText } from '@fleetsweep/client'
import type { MachineAction, Scan } from '@fleetsweep/protocol'
import { Field, makeStyles, ProgressBar, tokens } from '@fluentui/react-components'
import { useLiveProgress } from '../../queries/machine-actions.ts'

const useStyles = makeStyles({
  box: {
    padding: tokens.spacingHorizontalL,
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground2,
  },
})

/** How far a scan is that has not ended, or what it waits for. */
export function ScanProgressBar({ scan, status }: { scan: Scan; status: MachineAction['status'] }) {
  const styles = useStyles()
  const progress = useLiveProgress(scan.actionId) ?? scan.progress
  const known = progress !== null && progress.phase === 'scanning'
  const words = progress
    ? describeProgress(progress)
    : status === 'Pending'
      ? 'waiting for the machine'
      : 'starting'
  const waiting = scan.waitingFor === null ? undefined : safeText(scan.waitingFor)
  return (
    <div className={styles.box}>
      <Field
        label={known ? `${progress.percent.toFixed(1)} %` : 'Progress'}
        validationState="none"
        validationMessage={waiting ?? words}
      >
        {known ? (
          <ProgressBar value={progress.percent} max={100} thickness="large" />
        ) : status === 'Pending' ? (
          <ProgressBar value={0} max={100} thickness="large" />
        ) : (
          <ProgressBar thickness="large" />
        )}
      </Field>
    </div>
  )
}
