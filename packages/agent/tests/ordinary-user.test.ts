import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ScanReport } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClamAvFixture } from './clamav-fixture.ts'

describe('a scan by an ordinary user', () => {
  let fixture: ClamAvFixture
  beforeAll(async () => {
    fixture = await ClamAvFixture.create()
    chmodSync(fixture.folder, 0o755)
  })
  afterAll(() => fixture[Symbol.asyncDispose]())

  it('tells which files and folders it could not read', async () => {
    const isRoot = process.getuid?.() === 0
    writeFileSync(join(fixture.files, 'open'), 'open')
    writeFileSync(join(fixture.files, 'secret'), 'secret')
    mkdirSync(join(fixture.files, 'closed'))
    mkdirSync(join(fixture.files, 'listed'))
    writeFileSync(join(fixture.files, 'listed/unseen'), 'unseen')
    // What is closed to everybody is closed to its owner too; only root is not stopped.
    chmodSync(join(fixture.files, 'secret'), 0)
    chmodSync(join(fixture.files, 'closed'), 0)
    chmodSync(join(fixture.files, 'listed'), 0o444)
    const script = join(import.meta.dirname, 'scan-child.ts')
    const child = execFileSync(process.execPath, [script, fixture.files, isRoot ? '65534' : ''], {
      encoding: 'utf8',
    })
    const { report }: { report: ScanReport } = JSON.parse(child)
    chmodSync(join(fixture.files, 'closed'), 0o755)
    chmodSync(join(fixture.files, 'listed'), 0o755)
    expect(report.coverage).toMatchObject({
      met: { files: 3 },
      scanned: { files: 1 },
      notScanned: { unreadable: { files: 2, bytes: 6 } },
    })
    expect(report.notScannedSamples.map(({ path, detail }) => [path.text, detail]).toSorted()).toEqual([
      [join(fixture.files, 'listed/unseen'), 'EACCES'],
      [join(fixture.files, 'secret'), 'EACCES'],
    ])
    expect(report.directoriesUnreadable).toEqual([
      { path: { text: join(fixture.files, 'closed') }, detail: 'EACCES' },
    ])
  })
})
