import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { Refused } from './fake-answer.ts'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** Serves the console's built files; without a folder there is none. */
export async function serveConsole(
  response: ServerResponse,
  url: URL,
  { folder, headers }: { folder: string | undefined; headers: Record<string, string> },
): Promise<void> {
  if (!folder) throw new Refused('NotFound', 'No console here')
  // A path without an extension is a page, and pages are the console's own business.
  const file = extname(url.pathname) ? url.pathname.slice('/console/'.length) : 'index.html'
  const bytes = await readFile(join(folder, file)).catch(() => undefined)
  if (!bytes) throw new Refused('NotFound', `No file ${file}`)
  const type = TYPES[extname(file)] ?? 'application/octet-stream'
  response.writeHead(200, { 'Content-Type': type, ...headers }).end(bytes)
}
