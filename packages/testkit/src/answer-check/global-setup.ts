import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  describeApi,
  isDescribed,
  isForBrowsers,
  mediaTypeOf,
  templateOf,
} from '../../../server/src/api-description/index.ts'
import { operations } from '../../../server/src/operations.ts'
import type { Described } from './answer-check.ts'
import type { Route } from './route-table.ts'

/** Has every answer of every server checked that a test run starts, in whatever process. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-description-'))
  const file = join(folder, 'described.json')
  writeFileSync(file, JSON.stringify(described()))
  const preload = pathToFileURL(join(import.meta.dirname, 'preload.mjs'))
  process.env.FLEETSWEEP_TEST_API_DESCRIPTION = file
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${preload}`.trim()
  return () => rmSync(folder, { recursive: true, force: true })
}

/** The description of what is in the sources, and of where its routes are. */
export function described(): Described {
  const place = { origin: 'https://fleet.example', tenant: 'contoso.example', version: '0.0.0' }
  return { document: describeApi(operations, place), routes: operations.map(routeOf) }
}

function routeOf(operation: (typeof operations)[number]): Route {
  const { method, path, answers } = operation
  const kind = isForBrowsers(operation) ? 'page' : isDescribed(operation) ? 'described' : 'refused'
  const types = Object.entries(answers).map(([status, declared]) => [
    Number(status),
    typeof declared === 'string' ? mediaTypeOf(declared) : '',
  ])
  return {
    method,
    path,
    kind,
    template: templateOf(operation),
    answers: kind === 'page' ? Object.fromEntries(types) : {},
  }
}
