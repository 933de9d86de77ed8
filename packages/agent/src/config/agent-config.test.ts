import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readAgentPolicy } from './agent-config.ts'

describe('the policy of a machine', () => {
  let folder: string
  const policy = (text: string) => {
    writeFileSync(join(folder, 'policy.toml'), text)
    return readAgentPolicy(join(folder, 'policy.toml'))
  }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetsweep-config-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('names what no scan opens', () => {
    expect(policy('exclude = ["/srv/database", "/var/lib/images"]')).toEqual({
      exclude: ['/srv/database', '/var/lib/images'],
    })
  })

  it('says whether files may be moved to quarantine', () => {
    expect(policy('quarantine = false')).toEqual({ quarantine: false })
  })

  it.each([
    ['a path that could mean anything', 'exclude = ["database"]'],
    ['a word that it does not know', 'exclud = ["/srv/database"]'],
  ])('is refused for %s: half understood it would allow too much', (_what, text) => {
    expect(() => policy(text)).toThrow(/policy\.toml/)
  })
})
