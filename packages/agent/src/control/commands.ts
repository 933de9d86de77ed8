import { Type } from 'typebox'
import { AGENT_VERSION } from '../version.ts'
import { type ControlCommands, controlCommand } from './control-command.ts'

/** Everything that programs on this machine may ask of the running agent. A new command is a line here. */
export function localCommands(): ControlCommands {
  return {
    identify: controlCommand(Type.Null(), () => ({ agentVersion: AGENT_VERSION, pid: process.pid })),
  }
}
