import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { WorkList } from './work-list.ts'

describe('a work list', () => {
  it('begins anew where a killed attempt left one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-work-'))
    const file = {
      path: Buffer.from('/a'),
      openPath: null,
      bytes: 1,
      isKnown: false,
      stats: statSync(folder, { bigint: true }),
    }
    const killed = new WorkList(folder)
    killed.add('first', file)
    const next = new WorkList(folder)
    expect(next.files).toBe(0)
    next.add('first', file)
    expect(next.files).toBe(1)
    rmSync(folder, { recursive: true })
  })
})
