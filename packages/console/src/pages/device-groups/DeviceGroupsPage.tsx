import { describeWindows, ON_DETECTION_WORDS, safeText } from '@fleetsweep/client'
import type { NamedScanPolicy } from '@fleetsweep/protocol'
import { Button, Text } from '@fluentui/react-components'
import { EditRegular } from '@fluentui/react-icons'
import { DataTable, type TableColumn } from '../../components/DataTable.tsx'
import { useAsk } from '../../components/DialogHost.tsx'
import { Moment } from '../../components/Moment.tsx'
import { Outcome } from '../../components/Outcome.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { PageHeading } from '../../components/PageHeading.tsx'
import { may, useMe } from '../../queries/me.ts'
import { useScanPolicies } from '../../queries/scan-policies.ts'
import { PolicyDialog } from './PolicyDialog.tsx'

const COLUMNS: TableColumn<NamedScanPolicy>[] = [
  { title: 'Device group', cell: ({ deviceGroupName }) => <OutsideText text={deviceGroupName} /> },
  { title: 'CPU at most', cell: ({ cpuCeilingPercent }) => `${cpuCeilingPercent} %`, number: true },
  { title: 'Scans work', cell: ({ windows }) => describeWindows(windows) },
  { title: 'Found files', cell: ({ onDetection }) => ON_DETECTION_WORDS[onDetection], oneLine: true },
  { title: 'Excluded', cell: ({ exclusions }) => <Exclusions paths={exclusions} /> },
  {
    title: 'Changed',
    cell: ({ changedAt }) => (changedAt === null ? 'never' : <Moment at={changedAt} />),
    oneLine: true,
  },
]

/** How the machines of each device group are scanned; who may not change it sees it all the same. */
export function DeviceGroupsPage() {
  const policies = useScanPolicies()
  const mayChange = may(useMe().data, { permission: 'Fleet.Admin', role: 'Fleet.Admin' })
  return (
    <>
      <PageHeading title="Device groups" />
      <Text block style={{ marginBottom: '12px' }}>
        How the machines of each group are scanned, whoever asks for it. A change holds for scans whose order
        has not gone out yet.
        {!mayChange && ' Changing this takes Fleet.Admin.'}
      </Text>
      <Outcome query={policies} what="scan policies">
        {({ items, more }) => (
          <DataTable
            caption="Scan policies, the group with the highest rank first"
            columns={mayChange ? [...COLUMNS, CHANGE] : COLUMNS}
            rows={items}
            more={more}
            keyOf={({ deviceGroupId }) => deviceGroupId}
          />
        )}
      </Outcome>
    </>
  )
}

const CHANGE: TableColumn<NamedScanPolicy> = {
  title: 'Policy',
  cell: (policy) => <ChangeButton policy={policy} />,
}

function ChangeButton({ policy }: { policy: NamedScanPolicy }) {
  const ask = useAsk()
  return (
    <Button
      size="small"
      icon={<EditRegular />}
      aria-label={`Change the policy of ${safeText(policy.deviceGroupName)}`}
      onClick={() => ask((asked) => <PolicyDialog policy={policy} {...asked} />)}
    >
      Change…
    </Button>
  )
}

function Exclusions({ paths }: { paths: readonly string[] }) {
  if (paths.length === 0) return 'nothing'
  return paths.map((path) => (
    <div key={path}>
      <OutsideText mono text={path} />
    </div>
  ))
}
