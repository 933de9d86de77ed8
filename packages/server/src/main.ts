import {
  init,
  keys,
  recover,
  recoverApplication,
  runServerCommand,
  type ServerCommand,
  type ServerCommandIo,
  signatures,
  verifyAudit,
} from './commands/index.ts'
import { server } from './serve-command.ts'

/** Every command that works on a server's own data directory. */
export const SERVER_COMMANDS: readonly ServerCommand[] = [
  init,
  server,
  keys,
  recover,
  recoverApplication,
  verifyAudit,
  signatures,
]

/** Runs one of `SERVER_COMMANDS`. @returns the exit code: 0 done, 1 failed, 2 misused */
export function runServerMain(argv: readonly string[], io: ServerCommandIo): Promise<number> {
  return runServerCommand(SERVER_COMMANDS, argv, io)
}
