import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryFiles, root } from './repository-files.ts'

const LINK = /^\| .+ \| .+ \| \[(.+)\]\(\.\.\/(.+\.test\.ts)\) \|$/

const rows = readFileSync(join(root, 'docs/traps.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\|(?: Trap \||-)/.test(line))

/** The titles of the tests of a file, those of `it.each` included. */
function titlesIn(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [
    ...text.matchAll(/^\s*(?:it\(|\]\)\(|it\.each\(.+\)\()\s*(?:'(.+?)'|"(.+?)"),\s+(?:async )?\(/gm),
  ].map(([, single, double]) => (single ?? double ?? '').replaceAll("\\'", "'"))
}

describe('docs/traps.md', () => {
  it('names for each trap a test that there is', () => {
    const tests = new Set(
      repositoryFiles('packages/agent')
        .filter((file) => file.endsWith('.test.ts'))
        .flatMap((file) => titlesIn(file).map((title) => `${file}: ${title}`)),
    )
    const named = rows.map((row) => row.replace(LINK, (_, title, file) => `${file}: ${title}`))
    expect(named.filter((test) => !tests.has(test))).toEqual([])
    expect(named.length).toBeGreaterThan(50)
  })
})
