import type { MachineActionStatus } from '@fleetsweep/protocol'
import type { BadgeProps } from '@fluentui/react-components'
import {
  CheckmarkCircleFilled,
  ClockRegular,
  DismissCircleFilled,
  type FluentIcon,
  PlayCircleFilled,
  ProhibitedRegular,
  TimerOffRegular,
} from '@fluentui/react-icons'

type Look = { words: string; color: NonNullable<BadgeProps['color']>; Icon: FluentIcon }

/** What people read and see for each status of a machine action. */
export const STATUS_LOOK: Record<MachineActionStatus, Look> = {
  Pending: { words: 'Pending', color: 'informative', Icon: ClockRegular },
  InProgress: { words: 'In progress', color: 'brand', Icon: PlayCircleFilled },
  // The scan came to its end; what it found is another matter, and has its own words and colours.
  Succeeded: { words: 'Succeeded', color: 'success', Icon: CheckmarkCircleFilled },
  Failed: { words: 'Failed', color: 'danger', Icon: DismissCircleFilled },
  TimeOut: { words: 'Timed out', color: 'warning', Icon: TimerOffRegular },
  Cancelled: { words: 'Cancelled', color: 'subtle', Icon: ProhibitedRegular },
}
