import { Type } from 'typebox'
import type { LocalScans } from '../actions/local-scans.ts'
import { AGENT_VERSION } from '../version.ts'
import { type ControlCommands, controlCommand } from './control-command.ts'
import type { HandQuarantine } from './hand-quarantine.ts'
import { QuarantineAddAsk, QuarantineListAsk, QuarantineRestoreAsk } from './quarantine-messages.ts'
import { ScanAsk, StopScansAsk } from './scan-messages.ts'

/** What of the agent carries out what is asked locally. */
export type LocalCommandParts = {
  scans: Pick<LocalScans, 'scan' | 'stopAll'>
  quarantine: Pick<HandQuarantine, 'list' | 'add' | 'restore'>
}

/** Everything that programs on this machine may ask of the running agent. A new command is a line here. */
export function localCommands({ scans, quarantine }: LocalCommandParts): ControlCommands {
  return {
    identify: controlCommand(Type.Null(), () => ({ agentVersion: AGENT_VERSION, pid: process.pid })),
    scan: controlCommand(ScanAsk, (ask, call) => scans.scan(ask, call)),
    stopScans: controlCommand(StopScansAsk, (ask) => scans.stopAll(ask)),
    quarantineList: controlCommand(QuarantineListAsk, (ask) => quarantine.list(ask)),
    quarantineAdd: controlCommand(QuarantineAddAsk, (ask) => quarantine.add(ask)),
    quarantineRestore: controlCommand(QuarantineRestoreAsk, (ask) => quarantine.restore(ask)),
  }
}
