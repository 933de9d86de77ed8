import { pino } from 'pino'

type Write = (fields: Record<string, unknown>, message: string) => void

/** Where the agent says what it does: for people who run it, one JSON object a line. Never keys, tokens or nonces. */
export type Logger = { debug: Write; info: Write; warn: Write; error: Write }

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Logs JSON lines through `write`; whoever runs the agent decides where they go. */
export function createLogger(level: LogLevel, write: (text: string) => void): Logger {
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, { write })
}
