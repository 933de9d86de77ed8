import { resultOf } from '@fleetsweep/client'
import type { MachineAction } from '@fleetsweep/protocol'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { EmptyState } from '../../components/EmptyState.tsx'
import { Moment } from '../../components/Moment.tsx'
import { Outcome } from '../../components/Outcome.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { PageHeading } from '../../components/PageHeading.tsx'
import { PageLink } from '../../components/PageLink.tsx'
import { StatusBadge } from '../../components/StatusBadge.tsx'
import { useLiveProgress, useMachineActions } from '../../queries/machine-actions.ts'

const COLUMNS: TableColumn<MachineAction>[] = [
  {
    title: 'Machine',
    oneLine: true,
    cell: (action) => (
      <PageLink to="/actions/$actionId" params={{ actionId: action.id }}>
        <OutsideText text={action.computerDnsName ?? action.machineId} />
      </PageLink>
    ),
  },
  { title: 'Scan', cell: ({ scope }) => <OutsideText text={scope ?? '–'} /> },
  { title: 'Status', cell: (action) => <StatusCell action={action} />, oneLine: true },
  { title: 'Requested', cell: (action) => <Moment at={action.creationDateTimeUtc} />, oneLine: true },
  { title: 'By', cell: ({ requestor }) => <OutsideText text={requestor} /> },
  { title: 'Comment', cell: ({ requestorComment }) => <OutsideText text={shorten(requestorComment)} /> },
  {
    title: 'Result',
    cell: (action) => <OutsideText text={shorten(resultOf(action) ?? '–')} />,
  },
]

export function MachineActionsPage() {
  const actions = useMachineActions()
  return (
    <>
      <PageHeading title="Machine actions" />
      <Outcome query={actions} what="machine actions">
        {({ items, more }) =>
          items.length > 0 ? (
            <DataTable
              caption="Machine actions, newest first"
              columns={COLUMNS}
              rows={items}
              more={more}
              keyOf={({ id }) => id}
            />
          ) : (
            <EmptyState title="No machine actions yet">
              Choose a machine and press Scan: <PageLink to="/machines">go to the machines</PageLink>.
            </EmptyState>
          )
        }
      </Outcome>
    </>
  )
}

function StatusCell({ action }: { action: MachineAction }) {
  const progress = useLiveProgress(action.id)?.value
  const percent = action.status === 'InProgress' && progress ? `${Math.floor(progress.percent)} %` : ''
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: '6px' }}>
      <StatusBadge status={action.status} />
      {percent}
    </span>
  )
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}
