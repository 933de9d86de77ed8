import { describeMachineEngine, describeSignatures } from '@fleetsweep/client'
import type { Machine, MachineEngine } from '@fleetsweep/protocol'
import { formatMoment } from './moment.ts'
import { renderTable } from './table.ts'

/** @param engines of these machines; without them, what they scan with is left out */
export function renderMachines(machines: readonly Machine[], engines?: readonly MachineEngine[]): string {
  const engineOf = new Map(engines?.map((engine) => [engine.machineId, engine]))
  const scansWith = ({ id }: Machine): string[] => {
    const engine = engineOf.get(id)
    return engine ? [describeMachineEngine(engine), describeSignatures(engine)] : ['–', '–']
  }
  return renderTable(
    [
      ...['Machine', 'Name', 'System', 'Health', 'Last seen', 'Agent'],
      ...(engines ? ['Engine', 'Signatures'] : []),
      ...['Value', 'Tags'],
    ].map((title) => ({ title })),
    machines.map((machine) => [
      machine.id,
      machine.computerDnsName ?? '–',
      [machine.osPlatform, machine.osVersion].filter((part) => part !== null).join(' '),
      machine.healthStatus,
      formatMoment(machine.lastSeen),
      machine.agentVersion ?? '–',
      ...(engines ? scansWith(machine) : []),
      machine.deviceValue ?? '–',
      machine.machineTags.join(', '),
    ]),
  )
}
