import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const demo = join(import.meta.dirname, '../scripts/demo.mjs')

describe('the demo', () => {
  it('finds the file that it planted, shows what people came for, and ends', async () => {
    // It fails by its exit code, which rejects here.
    const { stdout } = await promisify(execFile)(process.execPath, [demo, '--exit'])
    const verdict: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    expect(verdict).toMatchObject({ demo: 'ok', status: 'Succeeded', testFileFound: true, countsAddUp: true })
    expect(stdout).toMatch(
      /201 Created[\s\S]*"status": "Pending"[\s\S]*Coverage[\s\S]*met in all[\s\S]*eicar\.com/,
    )
  }, 180_000)
})
