import { accessSync, constants, existsSync } from 'node:fs'
import { CommandError } from './program.ts'

/** @throws CommandError when there is no such state folder, or the caller may not use it */
export function requireState(stateDir: string): void {
  if (!existsSync(stateDir)) throw new CommandError(`There is no state folder ${stateDir}.`)
  try {
    accessSync(stateDir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new CommandError(`${stateDir} is not yours to use. Ask as the user who runs the agent.`, { cause })
  }
}
