import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { loadConfig } from '../config/index.ts'
import { checkDatabase, SignatureMirror } from '../signature-mirror/index.ts'
import { type ServerCommand, type ServerCommandCall, UsageError } from './server-command.ts'

export const signatures: ServerCommand = {
  name: 'signatures',
  summary: 'Look at or fill the signatures that this server gives to its machines',
  usage: `Usage: fleetsweep signatures status [options]
       fleetsweep signatures import <file or folder> [options]

  --data <folder>   data directory
  --json            print JSON for programs

import takes main.cvd, daily.cvd and bytecode.cvd, as ClamAV publishes them, when sigtool says
that ClamAV signed them; ends with 1 when one is refused. A running server gives out the new
ones from then on. Machines are told to look with: fleetsweep signatures update <machine…>`,
  options: { data: { type: 'string' }, json: { type: 'boolean' } },
  async run(call) {
    const [verb, path, ...more] = call.args
    if (verb === 'status' && path === undefined) return status(call)
    if (verb === 'import' && path !== undefined && more.length === 0) return importFrom(call, path)
    throw new UsageError('Say status, or import and a file or folder.')
  },
}

async function status(call: ServerCommandCall): Promise<number> {
  const { mirror, signatureMirror } = openMirror(call)
  const [databases, fetched] = await Promise.all([mirror.list(), mirror.lastFetch()])
  if (call.flag('json')) {
    call.io.out(`${JSON.stringify({ signatureMirror, databases, fetched: fetched ?? null })}\n`)
    return 0
  }
  const lines = [
    {
      off: 'This server gives no signatures to its machines (signatureMirror = "off").',
      imported: 'This server gives out what was imported (signatureMirror = "imported").',
      fetched: 'This server fetches signatures by itself (signatureMirror = "fetched").',
    }[signatureMirror],
    ...databases.map(
      ({ file, version, builtAt, count }) =>
        `  ${file.padEnd(12)}  version ${version}, built ${builtAt ?? 'at an unknown time'}, ${count.toLocaleString('en-US')} signatures`,
    ),
    ...(databases.length === 0 ? ['  There are none yet.'] : []),
    ...(fetched === undefined
      ? []
      : [`Looked for newer ones at ${fetched.triedAt}: ${fetched.error ?? 'done'}`]),
  ]
  call.io.out(`${lines.join('\n')}\n`)
  return 0
}

async function importFrom(call: ServerCommandCall, given: string): Promise<number> {
  const { mirror } = openMirror(call)
  const paths = await databasesAt(resolve(given))
  if (paths.length === 0) throw new UsageError(`There is no .cvd in ${given}.`)
  const results = []
  for (const path of paths) {
    results.push(await mirror.import(path, (copy) => checkDatabase(copy, call.io.env)))
  }
  if (call.flag('json')) call.io.out(`${JSON.stringify({ results })}\n`)
  for (const result of call.flag('json') ? [] : results) {
    if (result.kind === 'refused') call.io.err(`${result.sentence}\n`)
    else {
      const { file, version } = result.database
      const what = result.kind === 'taken' ? 'is taken' : 'is here already'
      call.io.out(`${file} version ${version} ${what}.\n`)
    }
  }
  return results.some(({ kind }) => kind === 'refused') ? 1 : 0
}

function openMirror(call: ServerCommandCall) {
  const { dataDir, signatureMirror } = loadConfig(call.io.env, { dataDir: call.text('data') })
  return { mirror: new SignatureMirror(dataDir), signatureMirror }
}

async function databasesAt(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isDirectory()) return [path]
  return (await readdir(path)).filter((name) => name.endsWith('.cvd')).map((name) => join(path, name))
}
