import { type DestinationStream, destination, type Logger, pino } from 'pino'

/** Members that may hold a secret, wherever they stand in what is logged. */
const SECRETS = [
  'authorization',
  'cookie',
  'secret',
  'client_secret',
  'client_assertion',
  'access_token',
  'token',
  'password',
  'keyPem',
]
const REDACTED = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
const STDERR = 2

/** The log of the server: JSON lines on stderr, because stdout belongs to results. Secrets never reach it. */
export function createLogger(level: string, stream: DestinationStream = destination(STDERR)): Logger {
  return pino({ level, redact: { paths: REDACTED, censor: '[redacted]' } }, stream)
}
