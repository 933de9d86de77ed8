import { ClientError, type ClientErrorCode, safeText } from '@fleetsweep/client'
import { type Command, UsageError } from './command.ts'

/** What to do about an error, where there is something to do. */
const ADVICE: Partial<Record<ClientErrorCode, string>> = {
  SignInRefused: 'Check tenant, application id and secret (FLEETSWEEP_TENANT, _CLIENT_ID, _CLIENT_SECRET).',
  Unreachable:
    'Check the address (FLEETSWEEP_URL), and FLEETSWEEP_CA where the server has a certificate of its own.',
  Unauthorized: 'The server no longer accepts this application. Check that its secret is still valid.',
  Forbidden: 'Ask for the permission to be given to this application.',
  BadAnswer: 'Check that FLEETSWEEP_URL is the address of a Fleetsweep server, without a path.',
  ActiveRequestAlreadyExists:
    'See it with: fleetsweep actions --active    Stop it with: fleetsweep cancel <action>',
  TooManyRequests: 'Wait a little and try again.',
  ServiceUnavailable: 'Wait a little and try again.',
}

/** Says what happened and what to do, and with which code to exit. An error that is a mistake in the program is thrown on. */
export function explain(
  error: unknown,
  command: Command,
  signal: AbortSignal,
): { message: string; exitCode: number } {
  if (error instanceof UsageError) {
    return { message: `${error.message}\nHow to use it: fleetsweep ${command.name} --help`, exitCode: 2 }
  }
  if (signal.aborted) {
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
