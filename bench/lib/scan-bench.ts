import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { LaneRun } from './clamdscan-lane.ts'
import { runAsInstalled } from './installed-agent.ts'
import { type Corpus, makeCorpus } from './scan-corpus.ts'
import { makeSignatureSet } from './signature-set.ts'
import { quantile, round } from './statistics.ts'

const EXT_OR_XFS = new Set([0xef53, 0x58465342])

export type ScanBench = {
  root: string
  corpus: Corpus
  databaseDir: string
  rounds: number
  isSmall: boolean
}

/**
 * Makes what a benchmark of scans needs, runs it, and removes it all. Options: `--files`, `--rounds`, `--folder`.
 *
 * The process is started as an installed agent's: the agent's lane runs in it.
 */
export async function withScanBench(
  run: (bench: ScanBench) => Promise<void>,
  { files: filesByDefault = 50_000, make = makeCorpus } = {},
): Promise<void> {
  const { values } = parseArgs({
    options: { files: { type: 'string' }, rounds: { type: 'string' }, folder: { type: 'string' } },
  })
  const files = Number(values.files ?? filesByDefault)
  const rounds = Number(values.rounds ?? 5)
  const parent = values.folder ?? process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  if (runAsInstalled()) return
  mkdirSync(parent, { recursive: true })
  const root = mkdtempSync(join(parent, 'fleetsweep-bench-'))
  try {
    if (!EXT_OR_XFS.has(statfsSync(root).type)) {
      console.log(`${root} is on neither ext4 nor xfs; name a folder that is with --folder.`)
    }
    console.log('Making the corpus …')
    const corpus = make(join(root, 'corpus'), files)
    console.log(`${corpus.files} files, ${Math.round(corpus.bytes / 1e6)} MB`)
    const databaseDir = makeSignatureSet(join(root, 'signatures'))
    await run({ root, corpus, databaseDir, rounds, isSmall: files < 50_000 })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

export function median(runs: readonly number[]): number {
  return round(quantile(runs, 0.5), 4)
}

/** @throws Error when two lanes did not find the same */
export function requireSameFound(name: string, ours: LaneRun, theirs: LaneRun): void {
  const missed = [...theirs.found].filter((path) => !ours.found.has(path))
  const more = [...ours.found].filter((path) => !theirs.found.has(path))
  if (missed.length === 0 && more.length === 0) return
  throw new Error(`${name}: we missed ${JSON.stringify(missed)}, and found beside ${JSON.stringify(more)}`)
}
