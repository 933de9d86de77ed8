import { formatBytes } from '@fleetsweep/client'
import { QUARANTINE_STATES, type QuarantinedFile, type QuarantineState } from '@fleetsweep/protocol'
import { Badge, makeStyles, Select, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { EmptyState } from '../../components/EmptyState.tsx'
import { Moment } from '../../components/Moment.tsx'
import { Outcome } from '../../components/Outcome.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { PageHeading } from '../../components/PageHeading.tsx'
import { PageLink } from '../../components/PageLink.tsx'
import { useQuarantine } from '../../queries/quarantine.ts'
import { FileTaskButton } from './FileTaskButton.tsx'

const LOOK: Record<QuarantineState, { words: string; color: 'success' | 'informative' | 'danger' }> = {
  quarantined: { words: 'Quarantined', color: 'success' },
  restored: { words: 'Restored', color: 'informative' },
  failed: { words: 'Restore failed', color: 'danger' },
}

const useStyles = makeStyles({
  state: { display: 'grid', justifyItems: 'start', gap: tokens.spacingVerticalXS },
})

const COLUMNS: TableColumn<QuarantinedFile>[] = [
  { title: 'Threat', cell: ({ threatName }) => <OutsideText text={threatName} /> },
  { title: 'Path', cell: ({ path }) => <OutsideText mono text={path.text} /> },
  { title: 'Machine', cell: (file) => <MachineOf file={file} /> },
  { title: 'Size', cell: ({ sizeBytes }) => formatBytes(sizeBytes), number: true },
  { title: 'Quarantined', cell: ({ quarantinedAt }) => <Moment at={quarantinedAt} />, oneLine: true },
  { title: 'State', cell: (file) => <FileState file={file} /> },
]

/** The files that machines keep where nothing can run them. @param machineId only those of one machine */
export function QuarantinePage({ machineId }: { machineId: string | undefined }) {
  const [state, setState] = useState<QuarantineState | undefined>(undefined)
  const files = useQuarantine({ ...(machineId && { machineId }), ...(state && { state }) })
  const isWhole = machineId === undefined && state === undefined
  return (
    <>
      <PageHeading title={machineId === undefined ? 'Quarantine' : 'Quarantine of one machine'}>
        {machineId !== undefined && (
          <PageLink to="/quarantine" search={{}}>
            Those of all machines
          </PageLink>
        )}
        <Select
          aria-label="Only files in this state"
          value={state ?? ''}
          onChange={(_, { value }) => setState(QUARANTINE_STATES.find((one) => one === value))}
        >
          <option value="">In any state</option>
          {QUARANTINE_STATES.map((one) => (
            <option key={one} value={one}>
              {LOOK[one].words}
            </option>
          ))}
        </Select>
      </PageHeading>
      <Outcome query={files} what="the quarantine">
        {({ items, more }) =>
          items.length > 0 ? (
            <DataTable
              caption="Files in quarantine"
              columns={COLUMNS}
              rows={items}
              more={more}
              keyOf={({ id }) => id}
            />
          ) : (
            <EmptyState title={isWhole ? 'Nothing is in quarantine' : 'No such files'}>
              Scans move what they find here where their policy says so; on the page of a scan each file can
              be moved.
            </EmptyState>
          )
        }
      </Outcome>
    </>
  )
}

function MachineOf({ file: { machineId, computerDnsName } }: { file: QuarantinedFile }) {
  return (
    <PageLink to="/quarantine" search={{ machine: machineId }}>
      <OutsideText text={computerDnsName ?? machineId} />
    </PageLink>
  )
}

function FileState({ file: { id, state, failure, path } }: { file: QuarantinedFile }) {
  const styles = useStyles()
  const { words, color } = LOOK[state]
  return (
    <div className={styles.state}>
      <Badge appearance="tint" color={color}>
        {words}
      </Badge>
      {failure !== null && <OutsideText text={failure} />}
      {state !== 'restored' && <FileTaskButton task={{ verb: 'restore', id }} path={path.text} />}
    </div>
  )
}
