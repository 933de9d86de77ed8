import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSignatureFiles } from './signature-files.ts'

describe('the signatures in a database folder', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetsweep-signatures-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  const container = (version: number, count: number) =>
    `ClamAV-VDB:22 Nov 2026 08-32 -0000:${version}:${count}:90:abc:def:raynman:1795336320`.padEnd(512) +
    'content'
  const read = async () => (await readSignatureFiles(folder)).set

  it('are official when both parts of the official set are there; the version and age are those of the daily part', async () => {
    write('main.cvd', container(62, 6_647_427))
    expect(await read()).toMatchObject({ official: false })
    write('daily.cld', container(27_500, 2_000_000))
    write('bytecode.cvd', container(335, 85))
    expect(await read()).toMatchObject({
      official: true,
      version: '27500',
      builtAt: '2026-11-22T08:32:00.000Z',
      count: 8_647_512,
    })
  })

  it('are counted in text files', async () => {
    write('a.ndb', '# comment\nOne:0:*:aa\n\nTwo:0:*:bb\n')
    write('b.hdb', 'x:1:One')
    write('c.yara', 'rule One { condition: true }\nprivate rule Two { condition: true }\n// rule\n')
    write('white.ign2', 'Ignored\n')
    write('notes.txt', 'not a database')
    write('.hidden.ndb', 'Hidden:0:*:aa\n')
    expect(await read()).toMatchObject({ official: false, version: null, builtAt: null, count: 5 })
  })

  it('are none in an empty folder, or in none', async () => {
    expect((await read()).count).toBe(0)
    expect((await readSignatureFiles(join(folder, 'nowhere'))).set.count).toBe(0)
  })

  it('have one identity as long as names and contents are the same', async () => {
    write('a.ndb', 'One:0:*:aa\n')
    const { identity } = await read()
    utimesSync(join(folder, 'a.ndb'), 1, 1)
    expect((await read()).identity).toBe(identity)
    write('white.fp', 'x:1:y')
    const extended = await read()
    expect(extended.identity).not.toBe(identity)
    write('a.ndb', 'One:0:*:ab\n')
    expect((await read()).identity).not.toBe(extended.identity)
  })

  it('are not read again while nothing has changed', async () => {
    write('a.ndb', 'One:0:*:aa\n')
    const first = await readSignatureFiles(folder)
    expect(await readSignatureFiles(folder, first)).toBe(first)
    write('a.ndb', 'One:0:*:bb\n')
    expect(await readSignatureFiles(folder, first)).not.toBe(first)
  })
})
