import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { CountedReport, NotScannedReason } from '@fleetsweep/protocol'
import { eicar, tool, zip } from '@fleetsweep/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { OwnEngine } from '../src/engines/index.ts'
import { ClamAvFixture, finished } from './clamav-fixture.ts'
import { hookEngine } from './engine-hooks.ts'

const MIB = 1024 * 1024

describe('scanning a folder with ClamAV', () => {
  let fixture: ClamAvFixture
  let engine: OwnEngine
  let folder: string
  let config: { fullRoots: string[] }

  beforeAll(async () => {
    fixture = await ClamAvFixture.create()
    engine = fixture.engine()
  })
  afterAll(() => fixture[Symbol.asyncDispose]())
  beforeEach(() => {
    folder = mkdtempSync(join(fixture.files, 'case-'))
    config = { fullRoots: [folder] }
  })

  const scan = () => fixture.scan(engine, { config })
  const write = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content)
  const left = (report: CountedReport) =>
    Object.fromEntries(
      Object.entries(report.coverage.notScanned).flatMap(([reason, { files }]) =>
        files ? [[reason, files]] : [],
      ),
    )

  it('finds EICAR and tells path, hash, size, owner and times', async () => {
    write('eicar.com', eicar())
    write('plain.txt', 'nothing to see')
    utimesSync(join(folder, 'eicar.com'), 1_700_000_000, 1_700_000_000)
    const result = await scan()
    expect(result.detections).toEqual([
      {
        threatName: 'Eicar-Test-Signature.UNOFFICIAL',
        path: { text: join(folder, 'eicar.com') },
        innerPath: null,
        sha256: createHash('sha256').update(eicar()).digest('hex'),
        sizeBytes: 68,
        owner: execFileSync('id', ['-un'], { encoding: 'utf8' }).trim(),
        modifiedAt: '2023-11-14T22:13:20Z',
        changedAt: expect.stringMatching(/^20\d\d-/),
        disposition: 'reported',
      },
    ])
    const report = finished(result)
    expect(report.detections).toBe(1)
    expect(report.coverage.scanned).toEqual({ files: 2, bytes: 82 })
    expect(report.engine).toMatchObject({ name: 'ClamAV', signatures: { official: false } })
    expect(report.engine.signatures.count).toBeGreaterThan(3_000)
  })

  it('finds EICAR in an archive', async () => {
    write('eicar.zip', zip([{ name: 'inner/eicar.com', content: eicar() }]))
    expect((await scan()).detections).toHaveLength(1)
  })

  it('finds test files packed in many ways', async () => {
    const result = await fixture.scan(engine, { config: { fullRoots: [tool('clamavTestFiles').path] } })
    const report = finished(result)
    expect(result.detections.length).toBeGreaterThan(30)
    expect(report.coverage.scanned.files + (left(report).encrypted ?? 0)).toBe(report.coverage.met.files)
  })

  it('scans files whatever their names, and shows the names safely', async () => {
    const names = [
      Buffer.from('two\nlines'),
      Buffer.from('not-utf8-\xe9\xff', 'latin1'),
      Buffer.from('clean: x FOUND'),
      Buffer.from('fd[3]: OK'),
      Buffer.from('  spaces  '),
      Buffer.from('-rf'),
      Buffer.from('back\\slash'),
      Buffer.from('\x1b[31mred'),
      Buffer.from('n'.repeat(255)),
    ]
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), eicar())
    const result = await scan()
    const found = result.detections.map(({ path }) =>
      Buffer.from(path.base64 ?? Buffer.from(path.text).toString('base64'), 'base64'),
    )
    const expected = names.map((name) => Buffer.concat([Buffer.from(`${folder}/`), name]))
    expect(found.toSorted(Buffer.compare)).toEqual(expected.toSorted(Buffer.compare))
    for (const { path } of result.detections) expect(path.text).not.toMatch(/\p{Cc}/u)
  })

  it('reaches files whose path is longer than the system takes in one call', async () => {
    const [depth, part] = [30, 'd'.repeat(250)]
    const script = `cd "$0"; i=0; while [ $i -lt ${depth} ]; do mkdir ${part}; cd ${part}; i=$((i+1)); done; cp "$1" e`
    write('eicar.com', eicar())
    execFileSync('bash', ['-c', script, folder, join(folder, 'eicar.com')])
    const result = await scan()
    expect(result.detections).toHaveLength(2)
    expect(result.detections.map(({ path }) => path.text.length).toSorted()[1]).toBe(
      folder.length + depth * 251 + 2,
    )
    expect(finished(result).directories).toBe(depth + 1)
    execFileSync('rm', ['-rf', folder])
  })

  it('never opens a FIFO, a socket or a device, and counts them', async () => {
    execFileSync('mkfifo', [join(folder, 'fifo')])
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve))
    const report = finished(await scan())
    expect(left(report)).toEqual({ specialFile: 2 })
    expect(report.notScannedSamples.map(({ detail }) => detail).toSorted()).toEqual(['FIFO', 'socket'])
    server.close()
  })

  it('does not follow symbolic links, to files, to folders or in circles', async () => {
    const elsewhere = mkdtempSync(join(fixture.folder, 'elsewhere-'))
    writeFileSync(join(elsewhere, 'eicar.com'), eicar())
    symlinkSync(join(elsewhere, 'eicar.com'), join(folder, 'file'))
    symlinkSync(elsewhere, join(folder, 'folder'))
    symlinkSync(folder, join(folder, 'circle'))
    symlinkSync('nowhere', join(folder, 'dead'))
    const result = await scan()
    expect(finished(result)).toMatchObject({ symlinksNotFollowed: 4, directories: 1, detections: 0 })
    expect(finished(result).coverage.met.files).toBe(0)
  })

  it('counts an empty file as scanned', async () => {
    write('empty', '')
    expect(finished(await scan()).coverage.scanned).toEqual({ files: 1, bytes: 0 })
  })

  it('leaves a sparse file of 10 GB alone and says that it is too large', async () => {
    write('sparse', '')
    truncateSync(join(folder, 'sparse'), 10 * 1024 * MIB)
    const report = finished(await scan())
    expect(report.coverage.notScanned.tooLarge).toEqual({ files: 1, bytes: 10 * 1024 * MIB })
    expect(report.notScannedSamples).toEqual([
      { reason: 'tooLarge', path: { text: join(folder, 'sparse') }, detail: '10737418240 bytes' },
    ])
  })

  it('never calls a file over the limit clean', async () => {
    const small = fixture.engine({ maxFileSizeBytes: MIB, runtimeDir: join(fixture.folder, 'small') })
    write('over.com', Buffer.concat([eicar(), Buffer.alloc(MIB)]))
    write('exactly.com', Buffer.concat([eicar(), Buffer.alloc(MIB - 68)]))
    const result = await fixture.scan(small, { config })
    expect(left(finished(result))).toEqual({ tooLarge: 1 })
    expect(result.detections).toMatchObject([{ path: { text: join(folder, 'exactly.com') } }])
    expect(finished(result).engine.limits?.maxFileSizeBytes).toBe(MIB)
    await small[Symbol.asyncDispose]()
  })

  it('says when an archive unpacks to more than the engine looks at', async () => {
    const small = fixture.engine({ maxFileSizeBytes: MIB, runtimeDir: join(fixture.folder, 'small') })
    write(
      'bomb.zip',
      zip(Array.from({ length: 20 }, (_, i) => ({ name: `${i}`, content: Buffer.alloc(MIB, i) }))),
    )
    const report = finished(await fixture.scan(small, { config }))
    expect(left(report)).toEqual({ engineLimit: 1 })
    expect(report.notScannedSamples[0]?.detail).toMatch(/^Heuristics\.Limits\.Exceeded\./)
    await small[Symbol.asyncDispose]()
  })

  it('says when it cannot look into an encrypted archive', async () => {
    write('secret.zip', zip([{ name: 'a', content: Buffer.from('secret'), encrypted: true }]))
    expect(left(finished(await scan()))).toEqual({ encrypted: 1 })
  })

  it('judges one file under several names once, and tells a threat under each', async () => {
    write('one.com', eicar())
    linkSync(join(folder, 'one.com'), join(folder, 'two.com'))
    linkSync(join(folder, 'one.com'), join(folder, 'three.com'))
    write('clean', 'clean')
    linkSync(join(folder, 'clean'), join(folder, 'clean too'))
    let judged = 0
    const result = await fixture.scan(hookEngine(engine, { afterJudge: () => judged++ }), { config })
    expect(finished(result).coverage).toMatchObject({ scanned: { files: 2 }, duplicate: { files: 3 } })
    expect(result.detections.map(({ path }) => path.text).toSorted()).toEqual(
      ['one.com', 'three.com', 'two.com'].map((name) => join(folder, name)),
    )
    expect(judged).toBe(2)
  })

  it('counts thousands of files right', async () => {
    for (let i = 0; i < 3_000; i++) {
      const sub = join(folder, String(i % 50))
      if (i < 50) mkdirSync(sub)
      writeFileSync(join(sub, `file-${i}`), `${i % 500 === 7 ? eicar() : 'content'} ${i}`)
    }
    const result = await scan()
    const report = finished(result)
    expect(report.coverage.scanned.files).toBe(3_000)
    expect(report.directories).toBe(51)
    expect(result.detections).toHaveLength(6)
    const percents = result.progress.map(({ percent }) => percent)
    expect(percents).toEqual(percents.toSorted((a, b) => a - b))
    expect(result.progress.at(-1)).toMatchObject({
      phase: 'ended',
      percent: 100,
      filesDone: 3_000,
      detections: 6,
    })
  })

  it('leaves out what is excluded, and counts it', async () => {
    mkdirSync(join(folder, 'deep/private'), { recursive: true })
    write('deep/private/eicar.com', eicar())
    write('deep/seen', 'seen')
    const result = await fixture.scan(engine, {
      config: { ...config, exclude: [join(folder, 'deep/private')] },
    })
    expect(finished(result).coverage.notScanned.excluded).toEqual({ files: 1, bytes: 68 })
    expect(result.detections).toEqual([])
  })

  it('never looks at its own working files', async () => {
    await using own = await ClamAvFixture.create()
    const report = finished(await own.scan(own.engine(), { config: { fullRoots: [own.folder] } }))
    const excluded = report.notScannedSamples.filter(({ reason }) => reason === 'excluded')
    const names = excluded.map(({ path }) => path.text.slice(path.text.lastIndexOf('/') + 1))
    expect(names).toEqual(expect.arrayContaining(['clamd.conf', 'engine.json', 'work-list.sqlite']))
    expect(report.coverage.scanned.files).toBe(0)
  })

  it('meets each file once, however many places lead to it', async () => {
    mkdirSync(join(folder, 'sub'))
    write('sub/eicar.com', eicar())
    const places = {
      quickPlaces: [folder, join(folder, 'sub'), join(folder, 'sub/eicar.com')],
      fullRoots: [folder, folder],
    }
    const result = await fixture.scan(engine, { config: places })
    expect(finished(result).coverage.met.files).toBe(1)
    expect(result.detections).toHaveLength(1)
  })

  describe('while files change', () => {
    const hooked = (hooks: Parameters<typeof hookEngine>[1]) =>
      fixture.scan(hookEngine(engine, hooks), { config })
    const expectLeft = async (result: ReturnType<typeof hooked>, reason: NotScannedReason) =>
      expect(left(finished(await result))).toEqual({ [reason]: 1 })

    it('reports one that is written to each time that it is read', async () => {
      write('log', 'line\n')
      await expectLeft(
        hooked({ beforeJudge: (path) => appendFileSync(path, 'line\n') }),
        'changedWhileScanning',
      )
    })

    it('reports one that is cut short each time that it is read', async () => {
      write('data', Buffer.alloc(5 * MIB, 'x'))
      let size = 5 * MIB
      const cut = (path: string) => {
        size -= 1_000
        truncateSync(path, size)
      }
      await expectLeft(hooked({ beforeJudge: cut }), 'changedWhileScanning')
    })

    it('reads one that changed once again', async () => {
      write('settled', 'innocent')
      let changes = 0
      const replace = (path: string) => {
        if (changes++ === 0) writeFileSync(path, eicar())
      }
      const result = await hooked({ afterJudge: replace })
      expect(result.detections).toHaveLength(1)
    })

    it('reports one that is gone', async () => {
      write('gone', 'short life')
      const progress = (phase: string) =>
        phase === 'scanning' && rmSync(join(folder, 'gone'), { force: true })
      const result = fixture.scan(engine, { config, onProgress: ({ phase }) => progress(phase) })
      await expectLeft(result, 'vanished')
    })

    it('does not follow a link that took the place of a file', async () => {
      write('file', 'innocent')
      write('target', '')
      const swap = (phase: string) => {
        if (phase !== 'scanning') return
        rmSync(join(folder, 'file'), { force: true })
        symlinkSync('/etc/passwd', join(folder, 'file'))
      }
      let swapped = false
      const result = fixture.scan(engine, {
        config,
        onProgress: ({ phase }) => {
          if (!swapped) swap(phase)
          swapped ||= phase === 'scanning'
        },
      })
      await expectLeft(result, 'vanished')
    })

    it('does not wait for a FIFO that took the place of a file', async () => {
      write('file', 'innocent')
      let swapped = false
      const result = fixture.scan(engine, {
        config,
        onProgress: ({ phase }) => {
          if (phase !== 'scanning' || swapped) return
          swapped = true
          unlinkSync(join(folder, 'file'))
          execFileSync('mkfifo', [join(folder, 'file')])
        },
      })
      await expectLeft(result, 'specialFile')
    })

    it('judges the file that is at a path, not the one that was', async () => {
      write('file', 'innocent')
      write('next', eicar())
      const swap = (path: string) => renameSync(join(folder, 'next'), path)
      let swapped = false
      const result = await hooked({
        beforeJudge: (path) => {
          if (!swapped && path.endsWith('/file')) swap(path)
          swapped = true
        },
      })
      expect(result.detections.map(({ path }) => path.text)).toContain(join(folder, 'file'))
    })

    it('keeps a threat that was found in a file that changed since, without the hash of other bytes', async () => {
      write('changing.com', eicar())
      const result = await hooked({ afterJudge: (path) => appendFileSync(path, 'more') })
      expect(result.detections).toMatchObject([{ sha256: null, sizeBytes: 68 }])
    })
  })

  it('sees as root what its owner alone may read', async () => {
    write('private', eicar())
    chmodSync(join(folder, 'private'), 0o600)
    if (process.getuid?.() === 0) chownSync(join(folder, 'private'), 65_534, 65_534)
    expect((await scan()).detections).toHaveLength(1)
  })

  it('leaves the time of the last access alone', async () => {
    write('quiet', 'quiet')
    utimesSync(join(folder, 'quiet'), 1_000_000, 1_000_000)
    await scan()
    expect(statSync(join(folder, 'quiet')).atimeMs).toBe(1_000_000_000)
  })
})
