import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, linkSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eicar } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { QuarantineParts } from '../src/quarantine/index.ts'
import { ClamAvFixture, finished, type ScanOptions } from './clamav-fixture.ts'
import { openTestQuarantine } from './open-test-quarantine.ts'
import type { QuarantiningChildTask } from './quarantining-child.ts'

const CHILD = join(import.meta.dirname, 'quarantining-child.ts')
const THREAT = `${eicar()} in quarantine`

describe('a scan that quarantines', () => {
  let fixture: ClamAvFixture
  let store: string
  let infected: string
  beforeEach(async () => {
    fixture = await ClamAvFixture.create()
    store = join(fixture.folder, 'quarantine')
    infected = join(fixture.files, 'infected')
    writeFileSync(join(fixture.files, 'clean'), 'clean')
    writeFileSync(infected, THREAT)
  })
  afterEach(() => fixture[Symbol.asyncDispose]())

  const openQuarantine = (over?: Partial<QuarantineParts>) => openTestQuarantine(store, over)

  const scan = (options: ScanOptions = {}) =>
    fixture.scan(fixture.engine(), { settings: { onDetection: 'quarantine' }, ...options })

  it('moves the file away before it tells of it, and can give it back', async () => {
    const quarantine = await openQuarantine()
    const result = await scan({ quarantine })
    expect(readdirSync(fixture.files)).toEqual(['clean'])
    const [held] = quarantine.list()
    expect(result.detections).toEqual([
      expect.objectContaining({
        path: { text: infected },
        disposition: 'quarantined',
        quarantineId: held?.id,
        sha256: createHash('sha256').update(THREAT).digest('hex'),
      }),
    ])
    expect(held).toMatchObject({ stage: 'quarantined', takenBy: 'policy', threatName: expect.any(String) })
    expect(finished(result)).toMatchObject({ detections: 1, coverage: { scanned: { files: 2 } } })

    await quarantine.restore({ id: held?.id ?? '' })
    expect(readFileSync(infected, 'utf8')).toBe(THREAT)
  })

  it('moves every name of a file and every copy of it', async () => {
    for (const name of ['link-1', 'link-2']) linkSync(infected, join(fixture.files, name))
    writeFileSync(join(fixture.files, 'copy'), THREAT)
    const { detections } = await scan({ quarantine: await openQuarantine() })
    expect(readdirSync(fixture.files)).toEqual(['clean'])
    expect(detections.map(({ disposition }) => disposition)).toEqual(Array(4).fill('quarantined'))
    expect(new Set(detections.map(({ quarantineId }) => quarantineId)).size).toBe(4)
  })

  it('leaves everything where it is when it is to report', async () => {
    const quarantine = await openQuarantine()
    const { detections } = await scan({ quarantine, settings: { onDetection: 'report' } })
    expect(detections).toMatchObject([{ disposition: 'reported' }])
    expect(detections[0]).not.toHaveProperty('dispositionReason')
    expect(quarantine.list()).toEqual([])
  })

  it.each([
    ['the machine has none', async () => ({ unavailable: 'There is none.' }), 'There is none.'],
    [
      'a package owns the file',
      () => openQuarantine({ packageOwner: async () => 'dpkg' }),
      'It belongs to a package (dpkg); force it if you are sure.',
    ],
    ['there is no room', () => openQuarantine({ maxBytes: 10 }), 'The quarantine is full.'],
    [
      'it breaks',
      () => openQuarantine({ packageOwner: () => Promise.reject(new Error('out\norder')) }),
      'The quarantine failed: out?order',
    ],
  ])('says why the file stays when %s, and goes on', async (_what, open, dispositionReason) => {
    const result = await scan({ quarantine: await open() })
    expect(result.detections).toMatchObject([{ disposition: 'reported', dispositionReason }])
    expect(readFileSync(infected, 'utf8')).toBe(THREAT)
    expect(finished(result).coverage.scanned.files).toBe(2)
  })

  it('leaves a file alone that became another after it was judged', async () => {
    const quarantine = await openQuarantine()
    const { detections } = await scan({
      quarantine: {
        list: () => quarantine.list(),
        restore: (request) => quarantine.restore(request),
        take: (request) => {
          writeFileSync(infected, 'harmless')
          return quarantine.take(request)
        },
      },
    })
    expect(detections).toMatchObject([
      { disposition: 'reported', dispositionReason: 'It is not the file any more that was judged.' },
    ])
    expect(readFileSync(infected, 'utf8')).toBe('harmless')
  })

  it.each(['copied', 'setAside', 'removed', 'told'] as const)(
    'killed at %s, tells in its next attempt what became of the file',
    async (dieAt) => {
      const workDir = join(fixture.folder, 'work')
      const { folder, files, engineConfig } = fixture
      const task: QuarantiningChildTask = { files, workDir, store, engine: engineConfig, dieAt }
      const child = spawnSync(process.execPath, [CHILD, JSON.stringify(task)], {
        encoding: 'utf8',
        cwd: folder,
      })
      expect([child.signal, child.stderr]).toEqual(['SIGKILL', ''])
      await fixture.engine().endLeftovers()

      const quarantine = await openQuarantine()
      quarantine.recover()
      const result = await scan({ quarantine, workDir, attempt: 2 })
      expect(existsSync(infected)).toBe(false)
      const [held, ...others] = quarantine.list()
      expect(others).toEqual([])
      expect(result.detections).toMatchObject([
        { path: { text: infected }, disposition: 'quarantined', quarantineId: held?.id },
      ])
      expect(finished(result).detections).toBe(1)
    },
  )
})
