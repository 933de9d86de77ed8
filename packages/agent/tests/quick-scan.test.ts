import { spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { eicar, until } from '@fleetsweep/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { OwnEngine } from '../src/engines/index.ts'
import { readMountTable } from '../src/os/mount-table.ts'
import { listRunningPrograms } from '../src/os/running-programs.ts'
import { listQuickPlaces } from '../src/scan/quick-places.ts'
import { ClamAvFixture, finished } from './clamav-fixture.ts'

describe('a quick scan', () => {
  let fixture: ClamAvFixture
  let engine: OwnEngine
  const started: (() => void)[] = []
  beforeAll(async () => {
    fixture = await ClamAvFixture.create()
    engine = fixture.engine()
  })
  afterEach(() => {
    for (const end of started.splice(0)) end()
  })
  afterAll(() => fixture[Symbol.asyncDispose]())

  it('looks at running programs, the libraries in them, and where programs start from', async () => {
    const { places } = await listQuickPlaces({ mounts: readMountTable(), nowMs: Date.now() })
    const paths = places.map(({ path }) => path.toString())
    expect(paths).toContain(process.execPath)
    expect(paths.some((path) => /\/libc[.-]/.test(path))).toBe(true)
    // Minimal systems lack one or the other.
    const known = ['/tmp', '/etc/profile', '/etc/pam.d', '/etc/cron.d'].filter(existsSync)
    expect(known.length).toBeGreaterThan(1)
    expect(paths).toEqual(expect.arrayContaining(known))
    expect(new Set(paths).size).toBeGreaterThan(10)
  })

  it('looks at programs that were changed within a week, up to a cap', async () => {
    const soon = Date.now() + 5 * 365 * 86_400_000
    const none = await listQuickPlaces({ mounts: readMountTable(), nowMs: soon })
    const all = await listQuickPlaces({ mounts: readMountTable(), nowMs: 0 })
    const some = await listQuickPlaces({
      mounts: readMountTable(),
      nowMs: 0,
      cap: { files: 10, bytes: 1e12 },
    })
    expect(all.places.length).toBeGreaterThan(none.places.length + 100)
    expect(none.cuts).toEqual([])
    expect(some.places.length).toBeLessThan(all.places.length)
    expect(some.cuts.map(({ place }) => place.toString())).toContain('/usr/bin')
  })

  it('finds a program that runs and was deleted', async () => {
    const program = join(fixture.files, 'implant')
    copyFileSync('/bin/sleep', program)
    appendFileSync(program, eicar())
    chmodSync(program, 0o755)
    const running = spawn(program, ['60'])
    started.push(() => running.kill('SIGKILL'))
    await until(() => running.pid !== undefined, 'the program runs')
    unlinkSync(program)
    const found = (await listRunningPrograms(readMountTable())).filter(({ path }) =>
      path.toString().startsWith(program),
    )
    expect(found.length).toBeGreaterThan(0)
    const result = await fixture.scan(engine, {
      scanType: 'Quick',
      config: { allowedPaths: [fixture.files] },
    })
    expect(result.detections.map(({ path }) => path.text)).toContain(`${program} (deleted)`)
  })

  it('looks at no more than the cap of a place, and says what it cut', async () => {
    const place = join(fixture.files, 'downloads')
    mkdirSync(place)
    for (let i = 0; i < 20; i++) writeFileSync(join(place, String(i)), 'x'.repeat(i + 1))
    const config = { quickPlaces: [place], quickCap: { files: 7, bytes: 1_000 } }
    const report = finished(await fixture.scan(engine, { scanType: 'Quick', config }))
    expect(report.coverage.scanned.files).toBe(7)
    expect(report.cuts).toEqual([{ place: { text: place }, limit: 'newest 7 files or 1000 bytes' }])
  })

  it('stays within what the policy allows, and says that it left something out', async () => {
    const [allowed, forbidden] = [join(fixture.files, 'allowed'), join(fixture.files, 'forbidden')]
    for (const folder of [allowed, forbidden]) {
      mkdirSync(folder)
      writeFileSync(join(folder, 'eicar.com'), eicar())
    }
    const config = { quickPlaces: [allowed, forbidden], allowedPaths: [allowed] }
    for (const scanType of ['Quick', 'Full'] as const) {
      const result = await fixture.scan(engine, { scanType, config: { fullRoots: ['/'], ...config } })
      expect(result.detections.map(({ path }) => path.text)).toEqual([join(allowed, 'eicar.com')])
      expect(finished(result).coverage.met.files).toBe(1)
      expect(finished(result).cuts.length).toBeGreaterThan(0)
    }
  })
})
