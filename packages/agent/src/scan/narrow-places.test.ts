import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { narrow, realExclusion } from './narrow-places.ts'

describe('narrowing places to the folders of a policy', () => {
  let top: string
  beforeAll(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'fleetsweep-narrow-')))
    for (const folder of ['allowed/sub', 'secret']) mkdirSync(join(top, folder), { recursive: true })
    writeFileSync(join(top, 'allowed/file'), '')
    writeFileSync(join(top, 'secret/file'), '')
    symlinkSync(join(top, 'secret'), join(top, 'allowed/link'))
  })
  afterAll(() => rmSync(top, { recursive: true, force: true }))

  it.each([
    ['a file inside', 'allowed/file', ['allowed/file']],
    ['a folder inside', 'allowed/sub', ['allowed/sub']],
    ['the folder itself', 'allowed', ['allowed']],
    ['a folder around it, down to the folder', '', ['allowed']],
    ['what is not there, so that it is told', 'allowed/gone', ['allowed/gone']],
    ['nothing of what lies beside it', 'secret/file', []],
    ['nothing of what is only named alike', 'allowed-not', []],
    ['nothing that a link leads to outside', 'allowed/link/file', []],
    ['nothing that two dots lead to outside', 'allowed/../secret/file', []],
  ])('keeps %s', (_what, path, kept) => {
    const narrowed = narrow([{ path: Buffer.from(`${top}/${path}`) }], [join(top, 'allowed')])
    expect(narrowed.map((place) => place.path.toString())).toEqual(kept.map((one) => join(top, one)))
  })
})

describe('where an exclusion really is', () => {
  const self = process.getuid?.()
  let top: string
  beforeAll(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'fleetsweep-exclusion-')))
    mkdirSync(join(top, 'data/sub'), { recursive: true })
    symlinkSync('data', join(top, 'link'))
    symlinkSync(join(top, 'link/sub'), join(top, 'chain'))
    symlinkSync('circle', join(top, 'circle'))
  })
  afterAll(() => rmSync(top, { recursive: true, force: true }))

  it.each([
    ['of a plain path is that path', 'data/sub', 'data/sub'],
    ['does not hang on slashes and dots', 'data//./sub/../sub/', 'data/sub'],
    ['is where a trusted link leads', 'link/sub', 'data/sub'],
    ['is where links to links lead', 'chain', 'data/sub'],
    ['is the path itself when nothing is there', 'data/gone/x', 'data/gone/x'],
    ['is the path itself when links go in a circle', 'circle/x', 'circle/x'],
  ])('%s', (_what, path, real) => {
    expect(realExclusion(`${top}/${path}`, [self])).toBe(join(top, real))
  })

  it('is not where a link of somebody else leads', () => {
    expect(realExclusion(join(top, 'link/sub'), [])).toBe(join(top, 'link/sub'))
  })

  it('of everything is everything', () => {
    expect(realExclusion('/')).toBe('/')
  })
})
