import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eicar } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveClamAvConfig } from '../src/engines/clamav/clamav-config.ts'
import { OwnClamd } from '../src/engines/clamav/clamd-process.ts'
import { ClamdSession } from '../src/engines/clamav/clamd-session.ts'
import { connectStreaming } from '../src/engines/clamav/clamd-transport.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { ClamAvFixture } from './clamav-fixture.ts'

const MIB = 1024 * 1024

describe('where descriptors cannot be passed', () => {
  let fixture: ClamAvFixture
  let clamd: OwnClamd
  let session: ClamdSession
  beforeAll(async () => {
    fixture = await ClamAvFixture.create()
    const config = resolveClamAvConfig({ ...fixture.engineConfig, maxFileSizeBytes: 4 * MIB })
    clamd = new OwnClamd(config, { clock: systemClock })
    const { version, signatures } = await clamd.start()
    session = new ClamdSession({
      process: clamd,
      connect: connectStreaming,
      clock: systemClock,
      info: {
        name: 'ClamAV',
        version,
        signatures,
        limits: { maxFileSizeBytes: 4 * MIB, maxScanSizeBytes: 16 * MIB, maxScanTimeMs: 120_000 },
      },
      window: 4,
      ownFolders: [],
      limits: { fileTimeoutMs: 150_000, inHand: 4, pingEveryMs: 15_000 },
      onDisposed: () => {},
    })
  })
  afterAll(async () => {
    await session[Symbol.asyncDispose]()
    await clamd.end()
    await fixture[Symbol.asyncDispose]()
  })

  const judge = async (name: string, content: Buffer) => {
    const path = join(fixture.files, name)
    writeFileSync(path, content)
    const descriptor = openSync(path, 'r')
    try {
      return (await session.judge(descriptor, content.length)).kind
    } finally {
      closeSync(descriptor)
    }
  }

  it('judges many files at once by their bytes', async () => {
    const contents = [
      eicar(),
      Buffer.from('plain'),
      Buffer.alloc(4 * MIB, 'x'),
      Buffer.concat([Buffer.alloc(4 * MIB - 68, 'x'), eicar()]),
      Buffer.alloc(0),
      eicar(),
    ]
    const kinds = await Promise.all(contents.map((content, i) => judge(`file-${i}`, content)))
    expect(kinds).toEqual(['threat', 'clean', 'clean', 'threat', 'clean', 'threat'])
  })
})
