import type { ServerResponse } from 'node:http'

/** Answers with JSON. */
export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  type = 'application/json',
): void {
  response.writeHead(status, { 'Content-Type': type }).end(JSON.stringify(body))
}
