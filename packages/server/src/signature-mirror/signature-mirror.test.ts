import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { tool } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkDatabase } from './check-database.ts'
import { SignatureMirror } from './signature-mirror.ts'

/** A database as ClamAV builds it, but for the signature. */
function databaseOf(version: number, content = 'content'): string {
  const header = `ClamAV-VDB:22 Jun 2021 14-58 -0400:${version}:7:81:${'0'.repeat(32)}:${'x'.repeat(86)}:nobody:1624388302`
  return `${header.padEnd(512)}${content}`
}

const trusted = async () => undefined

describe('the databases of the signature mirror', () => {
  let folder = ''
  let mirror: SignatureMirror
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetsweep-mirror-'))
    mirror = new SignatureMirror(join(folder, 'data'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const bring = (name: string, content: string) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }

  it('are none at first', async () => {
    expect(await mirror.list()).toEqual([])
    expect(await mirror.lastFetch()).toBeUndefined()
  })

  it('are taken in, and replaced by newer ones alone', async () => {
    expect(await mirror.import(bring('daily.cvd', databaseOf(5)), trusted)).toMatchObject({ kind: 'taken' })
    expect(await mirror.import(bring('daily.cvd', databaseOf(5)), trusted)).toMatchObject({
      kind: 'alreadyHere',
    })
    const older = bring('daily.cvd', databaseOf(4))
    expect(await mirror.import(older, trusted)).toEqual({
      kind: 'refused',
      sentence: `${older} is not taken: it is version 4, and version 5 is here.`,
    })
    expect(await mirror.import(bring('daily.cvd', databaseOf(6)), trusted)).toMatchObject({ kind: 'taken' })
    expect(await mirror.list()).toMatchObject([{ file: 'daily.cvd', version: '6', count: 7 }])
  })

  it('stay as they were while somebody reads them', async () => {
    await mirror.import(bring('main.cvd', databaseOf(1, 'first')), trusted)
    const opened = await mirror.open('main.cvd')
    await mirror.import(bring('main.cvd', databaseOf(2, 'second')), trusted)
    expect(String(await opened?.handle.readFile())).toContain('first')
    await opened?.handle.close()
  })

  it.each([
    ['other.cvd', databaseOf(1), 'is none of main.cvd, daily.cvd, bytecode.cvd'],
    ['daily.cld', databaseOf(1), 'is none of'],
    ['daily.cvd', 'no header', 'it is no database of ClamAV'],
    ['daily.cvd', '', 'it is no database of ClamAV'],
  ])('do not become %s with what is no database of these', async (name, content, why) => {
    expect(await mirror.import(bring(name, content), trusted)).toMatchObject({
      kind: 'refused',
      sentence: expect.stringContaining(why),
    })
    expect(await mirror.list()).toEqual([])
  })

  it('are checked in the copy that is kept, and leave nothing behind when they are refused', async () => {
    const path = bring('daily.cvd', databaseOf(1))
    const result = await mirror.import(path, async (copy) => {
      expect(dirname(copy)).toBe(mirror.folder)
      writeFileSync(path, 'swapped')
      expect(readFileSync(copy, 'utf8')).toBe(databaseOf(1))
      return 'somebody forged it.'
    })
    expect(result).toEqual({ kind: 'refused', sentence: `${path} is not taken: somebody forged it.` })
    expect(readdirSync(mirror.folder)).toEqual([])
  })

  it('are refused by sigtool when ClamAV did not sign them', async () => {
    const path = bring('daily.cvd', databaseOf(1))
    const env = { PATH: dirname(tool('sigtool').path) }
    expect(await checkDatabase(path, env)).toMatch(/^ClamAV did not sign it as it stands/)
  })
})
