import { describeMachineEngine, describeSignatures } from '@fleetsweep/client'
import type { Machine, MachineEngine } from '@fleetsweep/protocol'
import { Button, SearchBox } from '@fluentui/react-components'
import { AddRegular, ShieldRegular } from '@fluentui/react-icons'
import { useDeferredValue, useState } from 'react'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { useAsk } from '../../components/DialogHost.tsx'
import { EmptyState } from '../../components/EmptyState.tsx'
import { Moment } from '../../components/Moment.tsx'
import { Outcome } from '../../components/Outcome.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { PageHeading } from '../../components/PageHeading.tsx'
import { useEngines, useMachines } from '../../queries/machines.ts'
import { useSession } from '../../session/session.ts'
import { AddMachineDialog } from './AddMachineDialog.tsx'
import { HealthBadge } from './HealthBadge.tsx'
import { ScanDialog } from './ScanDialog.tsx'

export function MachinesPage() {
  const [name, setName] = useState('')
  const ask = useAsk()
  const machines = useMachines(useDeferredValue(name.trim()))
  const engines = useEngines(machines.data?.items.map(({ id }) => id) ?? []).data
  const columns: TableColumn<Machine>[] = [
    { title: 'Name', cell: (machine) => <MachineName machine={machine} /> },
    { title: 'Health', cell: ({ healthStatus }) => <HealthBadge health={healthStatus} /> },
    { title: 'System', cell: (machine) => <OutsideText text={systemOf(machine)} />, oneLine: true },
    { title: 'Address', cell: ({ lastIpAddress }) => <OutsideText text={lastIpAddress ?? '–'} /> },
    { title: 'Last seen', cell: ({ lastSeen }) => <Moment at={lastSeen} />, oneLine: true },
    { title: 'Agent', cell: ({ agentVersion }) => <OutsideText text={agentVersion ?? '–'} /> },
    {
      title: 'Engine',
      cell: ({ id }) => <EngineText engine={engines?.get(id)} say={describeMachineEngine} />,
    },
    {
      title: 'Signatures',
      cell: ({ id }) => <EngineText engine={engines?.get(id)} say={describeSignatures} />,
    },
    { title: 'Tags', cell: ({ machineTags }) => <OutsideText text={machineTags.join(', ') || '–'} /> },
    {
      title: 'Scan',
      cell: (machine) => (
        <Button
          size="small"
          icon={<ShieldRegular />}
          aria-label={`Scan ${machine.computerDnsName ?? machine.id}`}
          onClick={() => ask((asked) => <ScanDialog machine={machine} {...asked} />)}
        >
          Scan…
        </Button>
      ),
    },
  ]
  return (
    <>
      <PageHeading title="Machines">
        <SearchBox
          placeholder="Name begins with…"
          aria-label="Only machines whose name begins with"
          value={name}
          onChange={(_, { value }) => setName(value)}
        />
        <Button icon={<AddRegular />} onClick={() => ask((asked) => <AddMachineDialog {...asked} />)}>
          Add machines…
        </Button>
      </PageHeading>
      <Outcome query={machines} what="machines">
        {({ items, more }) =>
          items.length > 0 ? (
            <DataTable caption="Machines" columns={columns} rows={items} more={more} keyOf={({ id }) => id} />
          ) : name.trim() === '' ? (
            <NoMachines />
          ) : (
            <EmptyState title="No machine has such a name">
              Names are compared from their beginning.
            </EmptyState>
          )
        }
      </Outcome>
    </>
  )
}

/** People reach the device groups that are theirs; to applications every machine shows. */
function NoMachines() {
  const isPerson = useSession().who.kind === 'person'
  return (
    <EmptyState title={isPerson ? 'No machines within your reach' : 'No machines yet'}>
      “Add machines…” gives you the line that installs the agent, as does{' '}
      <code>fleetsweep tokens create --command</code>.
      {isPerson && ' It shows here when one of your user groups reaches its device group.'}
    </EmptyState>
  )
}

function MachineName({ machine }: { machine: Machine }) {
  return <OutsideText text={machine.computerDnsName ?? machine.id} />
}

function EngineText(props: { engine: MachineEngine | undefined; say: (engine: MachineEngine) => string }) {
  return <OutsideText text={props.engine ? props.say(props.engine) : '–'} />
}

function systemOf({ osPlatform, osVersion, osArchitecture }: Machine): string {
  return [osPlatform, osVersion, osArchitecture].filter((part) => part !== null).join(' ') || '–'
}
