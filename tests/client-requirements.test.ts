import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryFiles, root } from './repository-files.ts'

const FOLDER = 'packages/server/tests/client-requirements/'

/** Sections by letter, and their rows: the number of a requirement, what it says, and its test. */
const rows = readFileSync(join(root, 'docs/client-requirements.md'), 'utf8')
  .split(/^## (?=[A-Z]\. )/m)
  .slice(1)
  .flatMap((section) =>
    [...section.matchAll(/^\| (\d+) \| .+ \| \[(.+)\]\(\.\.\/(.+)\) \|$/gm)].map(
      ([, number, title, file]) => ({ line: `${section[0]}.${number}`, test: `${file}: ${title}` }),
    ),
  )

const tests = repositoryFiles(FOLDER.replace(/\/$/, ''))
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/^ +it\(\s*'(.+)',/gm)].map(
      ([, title]) => `${file}: ${title}`,
    ),
  )

describe('docs/client-requirements.md', () => {
  it('names for each line a test that there is, and has a line for each test', () => {
    expect(rows.map(({ test }) => test).sort()).toEqual(tests.sort())
  })

  it('has lines whose tests bear their numbers', () => {
    expect(rows.length).toBeGreaterThan(0)
    for (const { line, test } of rows) expect(test).toMatch(new RegExp(`: ${line.replace('.', '\\.')} `))
  })
})
