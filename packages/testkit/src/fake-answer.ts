import type { ServerResponse } from 'node:http'
import type { ErrorCode } from '@fleetsweep/protocol'

/** Answers with JSON. */
export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  type = 'application/json',
): void {
  response.writeHead(status, { 'Content-Type': type }).end(JSON.stringify(body))
}

/** Thrown where a server would refuse. */
export class Refused extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
