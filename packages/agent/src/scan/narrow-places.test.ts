import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { narrow } from './narrow-places.ts'

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
