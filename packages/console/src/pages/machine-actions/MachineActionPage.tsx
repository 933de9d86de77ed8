import { ClientError, safeText } from '@fleetsweep/client'
import { isFinal, type MachineAction, type Scan } from '@fleetsweep/protocol'
import { Button, makeStyles, tokens } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import { useAsk } from '../../components/DialogHost.tsx'
import { EmptyState } from '../../components/EmptyState.tsx'
import { Outcome } from '../../components/Outcome.tsx'
import { PageHeading } from '../../components/PageHeading.tsx'
import { PageLink } from '../../components/PageLink.tsx'
import { StatusBadge } from '../../components/StatusBadge.tsx'
import { useMachineAction, useScan } from '../../queries/machine-actions.ts'
import { ActionDetails } from './ActionDetails.tsx'
import { CancelDialog } from './CancelDialog.tsx'
import { ConclusionBar } from './ConclusionBar.tsx'
import { CoverageTable } from './CoverageTable.tsx'
import { DetectionTable } from './DetectionTable.tsx'
import { LeftOut } from './LeftOut.tsx'
import { ScanProgressBar } from './ScanProgressBar.tsx'

const useStyles = makeStyles({ page: { display: 'grid', gap: tokens.spacingVerticalXL } })

/** One machine action: how far it is, what it read, what it left out, what it found. */
export function MachineActionPage({ actionId }: { actionId: string }) {
  const action = useMachineAction(actionId)
  const missing = action.error instanceof ClientError && action.error.status === 404
  if (missing) {
    return (
      <>
        <PageHeading title="Machine action" />
        <EmptyState title="No such machine action within your reach">
          <PageLink to="/actions">See those that there are</PageLink>
        </EmptyState>
      </>
    )
  }
  return (
    <Outcome query={action} what="the machine action">
      {(found) => <FoundAction action={found} />}
    </Outcome>
  )
}

function FoundAction({ action }: { action: MachineAction }) {
  const styles = useStyles()
  const scan = useScan(action.id)
  const ask = useAsk()
  const name = safeText(action.computerDnsName ?? action.machineId)
  return (
    <>
      <PageHeading
        title={`${action.scope ?? 'Antivirus'} scan of ${name}`}
        badge={
          <span role="status">
            <StatusBadge status={action.status} />
          </span>
        }
      >
        {!isFinal(action.status) && (
          <Button
            icon={<DismissRegular />}
            onClick={() => ask((asked) => <CancelDialog actionId={action.id} name={name} {...asked} />)}
          >
            Cancel scan…
          </Button>
        )}
      </PageHeading>
      <div className={styles.page}>
        <Outcome query={scan} what="the scan’s report">
          {(found) => <ScanParts scan={found} status={action.status} />}
        </Outcome>
        <ActionDetails action={action} scan={scan.data} />
      </div>
    </>
  )
}

function ScanParts({ scan, status }: { scan: Scan; status: MachineAction['status'] }) {
  return (
    <>
      {isFinal(status) ? <ConclusionBar scan={scan} /> : <ScanProgressBar scan={scan} status={status} />}
      {scan.detections.length > 0 && <DetectionTable detections={scan.detections} />}
      {scan.report && <CoverageTable report={scan.report} />}
      {scan.report && <LeftOut report={scan.report} />}
    </>
  )
}
