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
import { AppliedSettings } from './AppliedSettings.tsx'
import { CancelDialog } from './CancelDialog.tsx'
import { ConclusionBar } from './ConclusionBar.tsx'
import { CoverageTable } from './CoverageTable.tsx'
import { DetectionTable } from './DetectionTable.tsx'
import { ExclusionTable } from './ExclusionTable.tsx'
import { NotScanned } from './NotScanned.tsx'
import { PlacesLeftOut } from './PlacesLeftOut.tsx'
import { ScanProgressBar } from './ScanProgressBar.tsx'

const useStyles = makeStyles({
  // No wider than the window, whatever a table in it would like: tables scroll.
  page: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: tokens.spacingVerticalXL },
})

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
          {(found) => <ScanParts scan={found} readAtMs={scan.dataUpdatedAt} status={action.status} />}
        </Outcome>
        <ActionDetails action={action} scan={scan.data} />
      </div>
    </>
  )
}

function ScanParts(props: { scan: Scan; readAtMs: number; status: MachineAction['status'] }) {
  const { scan, readAtMs, status } = props
  return (
    <>
      {isFinal(status) ? <ConclusionBar scan={scan} /> : <ScanProgressBar scan={scan} readAtMs={readAtMs} />}
      {scan.detections.length > 0 && <DetectionTable detections={scan.detections} />}
      {scan.report && <CoverageTable report={scan.report} />}
      {scan.report && <NotScanned scan={scan} report={scan.report} />}
      {scan.report && <PlacesLeftOut report={scan.report} />}
      <AppliedSettings scan={scan} />
      {scan.report?.exclusions && <ExclusionTable exclusions={scan.report.exclusions} />}
    </>
  )
}
