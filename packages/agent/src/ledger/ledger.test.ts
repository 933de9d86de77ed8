import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FileMark } from '../scan/file-mark.ts'
import { Ledger, type LedgerOptions } from './ledger.ts'

const NOW_MS = Date.UTC(2026, 10, 25, 12)
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const KNOWN = { kind: 'ext4', uuid: '0a1b', isBuiltIn: true }

describe('the ledger of clean files', () => {
  let parent: string
  let folder: string
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'fleetsweep-ledger-'))
    folder = join(parent, 'ledger')
  })
  afterEach(() => rmSync(parent, { recursive: true, force: true }))

  function use<T>(options: Partial<LedgerOptions>, work: (ledger: Ledger) => T): T {
    const ledger = Ledger.open({
      folder,
      engineKey: 'engine',
      machineKey: 'machine',
      fileSystems: new Map([[1n, KNOWN]]),
      bootId: 'first',
      nowMs: NOW_MS,
      ...options,
    })
    try {
      return work(ledger)
    } finally {
      ledger.close()
    }
  }
  const keep = (options: Partial<LedgerOptions> = {}, file = mark(1)) =>
    use(options, (ledger) => ledger.keep(file))
  const has = (options: Partial<LedgerOptions> = {}, file = mark(1)) =>
    use(options, (ledger) => ledger.has(file))

  it('knows a file while nothing of it has changed', () => {
    keep()
    expect(has()).toBe(true)
    const file = mark(1)
    for (const name of ['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const) {
      expect(has({}, { ...file, [name]: file[name] + 1n })).toBe(false)
    }
  })

  it('knows files by the identity of their file system, whatever number its device has today', () => {
    keep()
    expect(has({ bootId: 'second', fileSystems: new Map([[7n, KNOWN]]) }, { ...mark(1), dev: 7n })).toBe(true)
    expect(has({ fileSystems: new Map([[1n, { ...KNOWN, uuid: 'other' }]]) })).toBe(false)
  })

  it('forgets files of a file system without an identity when the machine starts again', () => {
    const fileSystems = new Map([[1n, { ...KNOWN, uuid: undefined }]])
    keep({ fileSystems })
    expect(has({ fileSystems })).toBe(true)
    expect(has({ fileSystems, bootId: 'second' })).toBe(false)
    expect(has({ fileSystems })).toBe(false)
  })

  it.each([
    ['a file system that does not keep its times', { ...KNOWN, kind: 'tmpfs' }],
    ['a medium that can be written to elsewhere', { ...KNOWN, isBuiltIn: false }],
  ])('holds nothing of %s', (_, fileSystem) => {
    const fileSystems = new Map([[1n, fileSystem]])
    keep({ fileSystems })
    expect(has({ fileSystems })).toBe(false)
  })

  it.each([
    ['another engine or other signatures', { engineKey: 'other' }],
    ['another machine', { machineKey: 'other' }],
    ['a clock that was set back', { nowMs: NOW_MS - 2 * HOUR_MS }],
  ])('is begun anew for %s', (_, options) => {
    keep()
    expect(has(options)).toBe(false)
    expect(has()).toBe(false)
  })

  it('adds up small steps of the clock', () => {
    keep()
    expect(has({ nowMs: NOW_MS - 0.7 * HOUR_MS })).toBe(true)
    expect(has({ nowMs: NOW_MS - 1.4 * HOUR_MS })).toBe(false)
  })

  it('is thrown away when others could have written to it', () => {
    keep()
    chmodSync(folder, 0o770)
    expect(has()).toBe(false)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it("keeps its files from everyone else's eyes", () => {
    use({}, () => {
      const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)
      expect(new Set(modes)).toEqual(new Set([0o600]))
    })
  })

  it('tells what it holds apart from what it still vouches for', () => {
    keep()
    use({ nowMs: NOW_MS + 29 * DAY_MS }, (ledger) => {
      expect([ledger.has(mark(1)), ledger.holds(mark(1))]).toEqual([false, true])
    })
  })

  it('loses the files that nobody has seen for a month', () => {
    keep()
    keep({ nowMs: NOW_MS + 31 * DAY_MS }, mark(2))
    use({ nowMs: NOW_MS + 31 * DAY_MS }, (ledger) => {
      expect([ledger.holds(mark(1)), ledger.holds(mark(2))]).toEqual([false, true])
    })
  })

  it('is begun anew rather than grow without end', () => {
    const files = Array.from({ length: 5_000 }, (_, at) => mark(at))
    use({ maxBytes: 100_000 }, (ledger) => {
      for (const file of files) ledger.keep(file)
    })
    expect(use({}, (ledger) => files.some((file) => ledger.holds(file)))).toBe(false)
  })
})

function mark(ino: number): FileMark {
  const at = BigInt(NOW_MS - DAY_MS) * 1_000_000n
  return { dev: 1n, ino: BigInt(ino), size: 10n, mtimeNs: at, ctimeNs: at + 5n }
}
