import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { CountedReport } from '@fleetsweep/protocol'
import { eicar, shiftedClock } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClamAvConfig } from '../src/engines/clamav/clamav-config.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { ClamAvFixture, finished, type ScanOptions, type ScanResult } from './clamav-fixture.ts'
import { hookEngine } from './engine-hooks.ts'

const FILES = 60

describe('what is known of unchanged files', () => {
  let fixture: ClamAvFixture
  let ledger: string
  let readFiles: string[]
  beforeEach(async () => {
    fixture = await ClamAvFixture.create()
    ledger = join(fixture.folder, 'ledger')
    for (let i = 0; i < FILES; i++) writeFileSync(join(fixture.files, `f${i}`), `file ${i}`)
  })
  afterEach(() => fixture[Symbol.asyncDispose]())

  /** Scans a day later by default: what was written just now cannot be known yet. */
  async function scan(
    options: ScanOptions & {
      later?: Parameters<typeof shiftedClock>[1]
      engine?: Partial<ClamAvConfig>
    } = {},
  ): Promise<{ result: ScanResult; report: CountedReport }> {
    const { later = '1d', engine, ...others } = options
    readFiles = []
    const hooked = hookEngine(fixture.engine(engine), {
      afterJudge: (path) => path.startsWith(fixture.files) && readFiles.push(basename(path)),
    })
    const clock = shiftedClock(systemClock, later)
    // Nothing is read again by chance, but where a test is about that.
    const result = await fixture.scan(hooked, { ledger, clock, random: () => 0.5, ...others })
    return { result, report: finished(result) }
  }

  /** Writes a threat into a file, and into the ledger that it was always there and clean. */
  function makeWrong(name: string): string {
    const path = join(fixture.files, name)
    writeFileSync(path, eicar())
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
    const database = new DatabaseSync(join(ledger, 'ledger.sqlite'))
    database
      .prepare('UPDATE entry SET size = ?, mtime_ns = ?, ctime_ns = ? WHERE ino = ?')
      .run(size, mtimeNs, ctimeNs, ino)
    database.close()
    return path
  }

  it('spares a second scan from reading them, and says so', async () => {
    const first = await scan()
    expect(first.report.coverage.scanned.files).toBe(FILES)
    const { report } = await scan()
    const verified = report.unchangedVerified?.files ?? 0
    expect(report.coverage.unchanged.files).toBe(FILES - verified)
    expect(readFiles).toHaveLength(verified)
  })

  it.each([
    ['another content of another size', (path: string) => writeFileSync(path, eicar())],
    [
      'another content of the same size with its old times',
      (path: string) => {
        const { atime, mtime, size } = statSync(path)
        writeFileSync(path, eicar())
        truncateSync(path, Math.max(size, eicar().length))
        utimesSync(path, atime, mtime)
      },
    ],
    [
      'a file put in its place',
      (path: string) => {
        writeFileSync(`${path}.new`, eicar())
        execFileSync('mv', [`${path}.new`, path])
      },
    ],
  ])('does not hide %s', async (_, change) => {
    for (let i = 0; i < FILES; i++) writeFileSync(join(fixture.files, `f${i}`), `${i}`.padEnd(68, '.'))
    await scan()
    for (const name of ['f3', 'f30']) change(join(fixture.files, name))
    const { result } = await scan()
    expect(result.detections.map(({ path }) => basename(path.text)).toSorted()).toEqual(['f3', 'f30'])
  })

  it('does not hold for files that were written a moment ago, or seem to come from the future', async () => {
    await scan({ later: '30s' })
    expect((await scan({ later: '30s' })).report.coverage.unchanged.files).toBe(0)
    await scan({ later: '-1d' })
    expect((await scan({ later: '-1d' })).report.coverage.unchanged.files).toBe(0)
  })

  it('holds nothing but clean files', async () => {
    writeFileSync(join(fixture.files, 'f1'), eicar())
    const path = join(fixture.files, 'big')
    writeFileSync(path, '')
    truncateSync(path, 2_000_000)
    const engine = { maxFileSizeBytes: 1_000_000 }
    await scan({ engine })
    const { report, result } = await scan({ engine })
    expect(result.detections).toHaveLength(1)
    expect(report.coverage.notScanned.tooLarge.files).toBe(1)
    expect(readFiles).toContain('f1')
  })

  it('ends with the engine and signatures that it came from', async () => {
    await scan()
    const { report } = await scan({ engine: { maxFileSizeBytes: 10_000_000 } })
    expect(report.coverage.unchanged.files).toBe(0)
    const signatures = join(fixture.folder, 'signatures')
    mkdirSync(signatures)
    execFileSync('cp', ['-a', `${fixture.engineConfig.databaseDir}/.`, signatures])
    writeFileSync(join(signatures, 'more.hdb'), `${'0'.repeat(32)}:77:One-More\n`)
    chmodSync(signatures, 0o755)
    const other = await scan({ engine: { databaseDir: signatures } })
    expect(other.report.coverage.unchanged.files).toBe(0)
  })

  it('is left aside by a rescan, and renewed by it', async () => {
    await scan()
    const { report } = await scan({ settings: { rescan: true } })
    expect(report.coverage).toMatchObject({ scanned: { files: FILES }, unchanged: { files: 0 } })
    expect(readFiles).toHaveLength(FILES)
    expect((await scan()).report.coverage.unchanged.files).toBeGreaterThan(FILES - 10)
  })

  it('ends by itself: within thirty days each file is read again', async () => {
    await scan({ later: '1d' })
    expect((await scan({ later: '20d' })).report.coverage.unchanged.files).toBeGreaterThan(FILES - 10)
    const middle = (await scan({ later: '26d' })).report.coverage
    expect(middle.unchanged.files).toBeGreaterThan(0)
    expect(middle.scanned.files).toBeGreaterThan(0)
    // Those that were read again lately are known; the others are not.
    expect((await scan({ later: '32d' })).report.coverage.unchanged.files).toBeLessThanOrEqual(
      middle.scanned.files,
    )
  })

  it('is thrown away when the clock goes back', async () => {
    await scan({ later: '10d' })
    expect((await scan({ later: '2d' })).report.coverage.unchanged.files).toBe(0)
  })

  it('is thrown away when its file is torn', async () => {
    await scan()
    const file = join(ledger, 'ledger.sqlite')
    const bytes = readFileSync(file)
    writeFileSync(file, Buffer.concat([Buffer.from('torn'), bytes.subarray(4)]))
    expect((await scan()).report.coverage.scanned.files).toBe(FILES)
    expect((await scan()).report.coverage.unchanged.files).toBeGreaterThan(FILES - 10)
  })

  it("is nobody else's to read or write", async () => {
    await scan()
    expect(statSync(ledger).mode & 0o777).toBe(0o700)
  })

  it('holds nothing of file systems whose times cannot be trusted', async () => {
    if (!existsSync('/dev/shm')) throw new Error('This test needs a tmpfs at /dev/shm.')
    const folder = `/dev/shm/fleetsweep-ledger-${process.pid}`
    mkdirSync(folder)
    try {
      writeFileSync(join(folder, 'file'), 'content')
      const config = { fullRoots: [folder] }
      await scan({ config })
      expect((await scan({ config })).report.coverage).toMatchObject({
        scanned: { files: 1 },
        unchanged: { files: 0 },
      })
    } finally {
      execFileSync('rm', ['-r', folder])
    }
  })

  it('is verified by chance, within a budget, and says how much', async () => {
    await scan()
    const { report } = await scan({ random: () => 0 })
    expect(report.unchangedVerified?.files).toBeGreaterThan(5)
    expect(report.unchangedVerified?.files).toBeLessThan(40)
    expect(report.coverage.scanned.files).toBe(report.unchangedVerified?.files)
    expect((await scan({ random: () => 0.5 })).report.unchangedVerified).toBeUndefined()
  })

  it('is thrown away as a whole when one entry proves wrong, and everything is read', async () => {
    await scan()
    const path = makeWrong('f7')
    const { report, result } = await scan({ random: () => 0 })
    expect(report.coverage).toMatchObject({ scanned: { files: FILES }, unchanged: { files: 0 } })
    expect(report).toMatchObject({ detections: 1, unchangedVerified: { contradicted: true } })
    expect(new Set(result.detections.map(({ path }) => path.text))).toEqual(new Set([path]))
    expect(new Set(readFiles).size).toBe(FILES)
  })

  it('does not outlive a threat that a rescan finds in one of them', async () => {
    await scan()
    makeWrong('f7')
    const { report } = await scan({ settings: { rescan: true } })
    expect(report).toMatchObject({ detections: 1, unchangedVerified: { contradicted: true } })
    const next = await scan()
    expect(next.result.detections.map(({ path }) => basename(path.text))).toEqual(['f7'])
  })

  it('costs nothing but time when it breaks while a scan uses it', async () => {
    await scan()
    const file = join(ledger, 'ledger.sqlite')
    const database = new DatabaseSync(file)
    const { rootpage } =
      database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'entry'").get() ?? {}
    const { page_size: pageSize } = database.prepare('PRAGMA page_size').get() ?? {}
    database.close()
    const bytes = readFileSync(file)
    bytes.fill(0xff, (Number(rootpage) - 1) * Number(pageSize), Number(rootpage) * Number(pageSize))
    writeFileSync(file, bytes)
    expect((await scan()).report.coverage).toMatchObject({
      scanned: { files: FILES },
      unchanged: { files: 0 },
    })
    expect(existsSync(ledger)).toBe(false)
    await scan()
    expect((await scan()).report.coverage.unchanged.files).toBe(FILES)
  })

  it.each([
    ['before it can be made', '8k'],
    ['while a scan fills it', '256k'],
  ])('costs nothing but time when its disk is full %s', (_, room) => {
    for (let i = 0; i < 5_000; i++) writeFileSync(join(fixture.files, `more-${i}`), `more ${i}`)
    const { kind, report, left } = scanOnDiskOf(room)
    expect(kind).toBe('finished')
    expect(report.coverage).toMatchObject({ scanned: { files: FILES + 5_000 }, unchanged: { files: 0 } })
    expect(left).toBe('')
  })

  it('has room for as many files on a disk that is larger', () => {
    for (let i = 0; i < 5_000; i++) writeFileSync(join(fixture.files, `more-${i}`), `more ${i}`)
    expect(scanOnDiskOf('16m').left).toContain('ledger')
  })

  /** Scans in a process of its own, which alone sees the small disk that its ledger is on, and tells what is on it then. */
  function scanOnDiskOf(room: string): { kind: string; report: CountedReport; left: string } {
    const disk = join(fixture.folder, 'disk')
    mkdirSync(disk)
    const script = 'mount -t tmpfs -o "size=$0" tmpfs "$1" && disk=$1 && shift && "$@" && echo && ls "$disk"'
    const child = [process.execPath, join(import.meta.dirname, 'scan-child.ts'), fixture.files, '']
    const namespace = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user']
    const inside = ['/bin/sh', '-c', script, room, disk, ...child, join(disk, 'ledger')]
    const [outcome = '', left = ''] = execFileSync('unshare', [...namespace, ...inside], {
      encoding: 'utf8',
    }).split('\n')
    return { ...JSON.parse(outcome), left }
  }

  it('is not that of a machine that this one was copied from', async () => {
    await scan()
    expect((await scan({ osIdentity: 'a copy' })).report.coverage.unchanged.files).toBe(0)
  })

  it('counts each name of a file once', async () => {
    linkSync(join(fixture.files, 'f0'), join(fixture.files, 'other-name'))
    await scan()
    const { report } = await scan()
    expect(report.coverage.met.files).toBe(FILES + 1)
  })
})
