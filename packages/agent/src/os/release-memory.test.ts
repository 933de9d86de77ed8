import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const MIB = 1024 * 1024
/** Fills a heap and drops what was in it; prints what is resident before and after. */
const PROGRAM = `
  import { releaseMemory } from ${JSON.stringify(join(import.meta.dirname, 'release-memory.ts'))}
  let texts = Array.from({ length: 500_000 }, (_, at) => [\`text \${at}\`])
  texts = undefined
  const before = process.memoryUsage.rss()
  await releaseMemory()
  console.log(JSON.stringify({ before, after: process.memoryUsage.rss() }))`

describe('releasing memory', () => {
  it('gives what a heap does not need any more back to the system', () => {
    const flags = ['--expose-gc', '--input-type=module', '--eval', PROGRAM]
    const { before, after } = JSON.parse(execFileSync(process.execPath, flags, { encoding: 'utf8' }))
    expect(before - after).toBeGreaterThan(20 * MIB)
  })
})
