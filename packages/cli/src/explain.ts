import { ClientError, type ClientErrorCode, safeText } from '@fleetsweep/client'
import { type Command, CommandError, type LocalCommand, UsageError } from './command.ts'

/** What to do about an error, where there is something to do. */
const ADVICE: Partial<Record<ClientErrorCode, string>> = {
  SignInRefused:
    'Check the tenant (FLEETSWEEP_TENANT) and, of an application, its id and secret (_CLIENT_ID, _CLIENT_SECRET).',
  SignInEnded: 'Sign in again: fleetsweep login',
  SignInExpired: 'Get another with: fleetsweep login',
  Unreachable:
    'Check the address (FLEETSWEEP_URL), and FLEETSWEEP_CA where the server has a certificate of its own.',
  Unauthorized:
    'The server no longer accepts this sign-in. Sign in again (fleetsweep login), or check the secret of the application.',
  Forbidden: 'Ask an administrator for it: an application is given permissions, a person a role.',
  BadAnswer: 'Check that FLEETSWEEP_URL is the address of a Fleetsweep server, without a path.',
  ActiveRequestAlreadyExists:
    'See it with: fleetsweep actions --active    Stop it with: fleetsweep cancel <action>',
  IdempotencyKeyReused: 'Ask again; every request gets a key of its own.',
  TooManyRequests: 'Wait a little and try again.',
  ServiceUnavailable: 'Wait a little and try again.',
}

/** Says what happened and what to do, and with which code to exit. An error that is a mistake in the program is thrown on. */
export function explain(
  error: unknown,
  command: Command | LocalCommand,
  signal: AbortSignal,
): { message: string; exitCode: number } {
  if (error instanceof UsageError) {
    return { message: `${error.message}\nHow to use it: fleetsweep ${command.name} --help`, exitCode: 2 }
  }
  if (error instanceof CommandError) return { message: error.message, exitCode: 1 }
  if (signal.aborted) {
    if ('runLocally' in command) return { message: 'Stopped.', exitCode: 1 }
    return { message: 'Stopped waiting. Scans go on; stop one with: fleetsweep cancel <action>', exitCode: 1 }
  }
  if (error instanceof ClientError) return { message: describeError(error), exitCode: 1 }
  throw error
}

/** One error of the server or the connection, with advice. */
export function describeError(error: ClientError): string {
  const advice = ADVICE[error.code]
  const target = error.status !== undefined && error.status >= 500 ? error.target : undefined
  return [
    `${error.code}: ${safeText(error.message)}`,
    ...(target === undefined ? [] : [`Look for ${safeText(target)} in the server's log.`]),
    ...(advice === undefined ? [] : [advice]),
  ].join('\n')
}
