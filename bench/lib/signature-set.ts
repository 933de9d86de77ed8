import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tool } from '@fleetsweep/testkit'

/** How many signatures of each kind; body and logical ones make each file cost what it costs with a real set. */
const HASHES = 300_000
const BODIES = 20_000
const LOGICAL = 2_000

/** Makes a set of signatures that nothing matches, beside the project's own that find test patterns. */
export function makeSignatureSet(folder: string): string {
  mkdirSync(folder, { recursive: true })
  cpSync(tool('signatures').path, folder, { recursive: true })
  const hex = (seed: string, bytes: number) =>
    createHash('shake256', { outputLength: bytes }).update(`fleetsweep bench ${seed}`).digest('hex')
  const lines = (count: number, line: (index: number) => string) =>
    `${Array.from({ length: count }, (_, index) => line(index)).join('\n')}\n`
  const hashLine = (i: number) => `${hex(`h${i}`, 16)}:${1_000 + (i % 500_000)}:Bench.Hash-${i}`
  writeFileSync(join(folder, 'bench.hdb'), lines(HASHES, hashLine))
  writeFileSync(
    join(folder, 'bench.ndb'),
    lines(BODIES, (i) => `Bench.Body-${i}:0:*:${hex(`b${i}`, 24)}`),
  )
  writeFileSync(
    join(folder, 'bench.ldb'),
    lines(LOGICAL, (i) => `Bench.Logical-${i};Target:0;0&1;${hex(`l${i}`, 16)};${hex(`m${i}`, 16)}`),
  )
  return folder
}
