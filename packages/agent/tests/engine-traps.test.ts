import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { eicar, tool, zip } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OwnEngine } from '../src/engines/index.ts'
import { ClamAvFixture, finished } from './clamav-fixture.ts'
import { hookEngine } from './engine-hooks.ts'

const MIB = 1024 * 1024

describe('what clamd by itself calls clean', () => {
  let fixture: ClamAvFixture
  beforeEach(async () => {
    fixture = await ClamAvFixture.create()
  })
  afterEach(() => fixture[Symbol.asyncDispose]())

  const write = (name: string, content: string | Buffer) => writeFileSync(join(fixture.files, name), content)
  /** Scans one file, and says why it was not scanned. */
  const whyNot = async (engine: OwnEngine) => {
    const { coverage, notScannedSamples } = finished(await fixture.scan(engine))
    expect(coverage.scanned.files).toBe(0)
    return notScannedSamples.map(({ reason, detail }) => `${reason}: ${detail}`)
  }
  const limit = (name: string) => [`engineLimit: Heuristics.Limits.Exceeded.${name}`]

  it('an archive of 12,000 files, is told to be more than the engine looks at', async () => {
    const entries = Array.from({ length: 12_000 }, (_, i) => ({ name: `${i}`, content: Buffer.from(`${i}`) }))
    write('many.zip', zip(entries))
    expect(await whyNot(fixture.engine())).toEqual(limit('MaxFiles'))
  })

  it('a threat in 25 archives within each other, is told to lie deeper than the engine looks', async () => {
    let content = eicar()
    for (let depth = 0; depth < 25; depth++) content = zip([{ name: `${depth}.zip`, content }])
    write('deep.zip', content)
    expect(await whyNot(fixture.engine())).toEqual(limit('MaxRecursion'))
  })

  it('a file that takes longer than it may, is told to have timed out', async () => {
    write('long', '')
    truncateSync(join(fixture.files, 'long'), 400 * MIB)
    expect(await whyNot(fixture.engine({ maxScanTimeMs: 500 }))).toEqual([
      'timedOut: Heuristics.Limits.Exceeded.MaxScanTime',
    ])
  })

  it('a descriptor that cannot be read from, is never sent: every file is open for reading', async () => {
    write('eicar', eicar())
    const engine = fixture.engine()
    await using session = await engine.open({ onPhase: () => {}, signal: new AbortController().signal })
    // O_PATH, which Node does not name.
    const unreadable = openSync(join(fixture.files, 'eicar'), 0o10000000)
    expect(await session.judge(unreadable, 68)).toEqual({ kind: 'clean' })
    closeSync(unreadable)
    const modes: number[] = []
    const hooked = hookEngine(engine, { beforeJudge: (path) => void modes.push(...openModes(path)) })
    expect((await fixture.scan(hooked)).detections).toHaveLength(1)
    expect(modes).toEqual([constants.O_RDONLY])
  })

  it('a threat that it could not unpack for want of room, is an engine error; what needs no room is judged', async () => {
    const packed = ['clam.7z', 'clam.arj', 'clam.exe.html', 'clam.zip']
    for (const name of packed)
      copyFileSync(join(tool('clamavTestFiles').path, name), join(fixture.files, name))
    write('eicar', eicar())
    write('clean', 'clean')
    const result = await fixture.scan(fixture.engine({ clamdPath: clamdThatCannotWrite() }))
    const { coverage, notScannedSamples } = finished(result)
    expect(coverage.scanned.files).toBe(2)
    expect(result.detections.map(({ path }) => path.text)).toEqual([join(fixture.files, 'eicar')])
    expect(notScannedSamples.map(({ path }) => path.text).toSorted()).toEqual(
      packed.map((name) => join(fixture.files, name)),
    )
    expect(new Set(notScannedSamples.map(({ reason }) => reason))).toEqual(new Set(['engineError']))
  })

  /** The real one, to which every file that it writes to is full. */
  function clamdThatCannotWrite(): string {
    const path = join(fixture.folder, 'clamd')
    chmodSync(fixture.folder, 0o711)
    writeFileSync(path, `#!/bin/sh\ntrap '' XFSZ\nulimit -f 0\nexec '${tool('clamd').path}' "$@"\n`)
    chmodSync(path, 0o755)
    return path
  }
})

describe('a scan whose working files cannot be written', () => {
  it.each([
    ['at all', 0],
    ['beyond their first pages', 200],
  ])('%s, fails and says why', async (_what, blocks) => {
    await using fixture = await ClamAvFixture.create()
    for (let i = 0; i < 2_000; i++) writeFileSync(join(fixture.files, `file-${i}`), `content ${i}`)
    const script = `ulimit -f ${blocks}; exec "$0" "$@"`
    const child = [process.execPath, join(import.meta.dirname, 'scan-child.ts'), fixture.files, '']
    const outcome: unknown = JSON.parse(
      execFileSync('/bin/sh', ['-c', script, ...child], { encoding: 'utf8' }),
    )
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(
        /^The scan failed because its working files cannot be written: .+ Make room on the disk of the agent, and scan again\.$/,
      ),
    })
  })
})

/** How our own descriptors of a file may be used. */
function openModes(path: string): number[] {
  const { O_RDONLY, O_WRONLY, O_RDWR } = constants
  const O_PATH = 0o10000000
  return readdirSync('/proc/self/fd')
    .filter((fd) => isOf(fd, path))
    .map((fd) => {
      const flags = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? ''
      return Number.parseInt(flags, 8) & (O_RDONLY | O_WRONLY | O_RDWR | O_PATH)
    })
}

function isOf(fd: string, path: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === path
  } catch {
    // The descriptor of the listing itself is closed by now.
    return false
  }
}
