import type { MachineActionStatus } from '@fleetsweep/protocol'
import { Badge } from '@fluentui/react-components'
import { STATUS_LOOK } from './machine-action-status.ts'

export function StatusBadge({ status }: { status: MachineActionStatus }) {
  const { words, color, Icon } = STATUS_LOOK[status]
  return (
    <Badge appearance="tint" color={color} icon={<Icon aria-hidden />} size="large">
      {words}
    </Badge>
  )
}
