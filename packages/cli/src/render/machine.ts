import type { Machine } from '@fleetsweep/protocol'
import { formatMoment } from './moment.ts'
import { renderTable } from './table.ts'

export function renderMachines(machines: readonly Machine[]): string {
  return renderTable(
    ['Machine', 'Name', 'System', 'Health', 'Last seen', 'Agent', 'Value', 'Tags'].map((title) => ({
      title,
    })),
    machines.map((machine) => [
      machine.id,
      machine.computerDnsName ?? '–',
      [machine.osPlatform, machine.osVersion].filter((part) => part !== null).join(' '),
      machine.healthStatus,
      formatMoment(machine.lastSeen),
      machine.agentVersion ?? '–',
      machine.deviceValue ?? '–',
      machine.machineTags.join(', '),
    ]),
  )
}
