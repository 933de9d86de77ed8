// How much memory the agent takes while it scans very many files: the whole scan with its work list, checkpoint and
// ledger, on real folders, with an engine that calls everything clean so that the number of files is all there is to it.
// 250,000 are files of their own; 5,000,000 are names of fewer files (hard links), which costs an entry of the work list
// each but no disk for their contents.
//
//     npm run bench -- memory [--sizes 250000,5000000] [--folder DIR]
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { BenchChild } from './lib/child.ts'
import { launcherFlags } from './lib/installed-agent.ts'
import type { MemoryAnswer, MemoryQuestion } from './lib/scan-in-memory.ts'
import { round } from './lib/statistics.ts'

const MIB = 1024 * 1024
const FILES_A_FOLDER = 100
/** More than this are not files of their own. */
const OWN_FILES_AT_MOST = 500_000
/** ext4 gives a file 65,000 names. */
const NAMES_A_FILE = 50_000

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '250000,5000000' },
    folder: { type: 'string', default: tmpdir() },
  },
})

const runs = []
for (const files of values.sizes.split(',').map(Number)) {
  const root = mkdtempSync(join(values.folder, 'fleetsweep-bench-'))
  try {
    console.log(`${files.toLocaleString('en-US')} files: making them …`)
    makeFiles(join(root, 'files'), files)
    console.log('scanning …')
    await using child = new BenchChild(bundle(join(root, 'bundle')), launcherFlags())
    const answer = await child.ask<MemoryAnswer>({
      folder: join(root, 'files'),
      workDir: join(root, 'work'),
      ledgerDir: join(root, 'ledger'),
    } satisfies MemoryQuestion)
    if (answer.metFiles !== files) throw new Error(`met ${answer.metFiles} files instead of ${files}`)
    const limitMiB = files <= 250_000 ? 150 : 300
    runs.push({
      files,
      folders: answer.folders,
      atOnceMiB: round(answer.peakBytes / MIB),
      idleMiB: round(answer.idleBytes / MIB),
      limitMiB,
      ratio: round(answer.peakBytes / MIB / limitMiB),
      scanMs: Math.round(answer.scanMs),
      longestStandstillMs: Math.round(answer.longestStandstillMs),
      workFilesMiB: round(answer.workBytes / MIB),
    })
    console.log(JSON.stringify(runs.at(-1)))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
console.log(JSON.stringify({ bench: 'memory', ratio: Math.max(...runs.map(({ ratio }) => ratio)), runs }))

/** In one file and without types, as the agent ships: reading TypeScript takes memory of its own. */
function bundle(folder: string): URL {
  const bundler = join(import.meta.dirname, '../scripts/lib/bundle.mjs')
  execFileSync(process.execPath, [bundler, folder, join(import.meta.dirname, 'lib/scan-in-memory.ts')])
  return pathToFileURL(join(folder, 'scan-in-memory.mjs'))
}

function makeFiles(top: string, files: number): void {
  for (let at = 0; at < files; at++) {
    const folder = join(top, `${Math.floor(at / FILES_A_FOLDER / 100)}`, `${Math.floor(at / FILES_A_FOLDER)}`)
    const path = join(folder, `file-with-a-name-of-usual-length-${at}.txt`)
    if (at % FILES_A_FOLDER === 0) mkdirSync(folder, { recursive: true })
    if (files <= OWN_FILES_AT_MOST) writeFileSync(path, `content ${at}`)
    else linkSync(contentOf(at, top), path)
  }
}

function contentOf(at: number, top: string): string {
  const path = join(top, '..', `content-${Math.floor(at / NAMES_A_FILE)}`)
  if (at % NAMES_A_FILE === 0) writeFileSync(path, `content ${at}`)
  return path
}
