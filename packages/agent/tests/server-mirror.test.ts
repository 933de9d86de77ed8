import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import { SIGNATURES_PATH } from '@fleetsweep/protocol'
import { FakeScanRunner, freePort, LiveFleet, MovableClock, tool, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ProgramParts } from '../src/commands/program.ts'
import { createLogger } from '../src/os/logger.ts'
import { createScanning } from '../src/scanning.ts'
import { ServerMirror, SignatureUpdater } from '../src/signatures/index.ts'
import { idleEngine, TestAgent } from './test-agent.ts'

/** As ClamAV would have made it, had it not been for the signature. */
const UNSIGNED = `${`ClamAV-VDB:22 Jun 2021 14-58 -0400:5:7:81:${'0'.repeat(32)}:${'x'.repeat(86)}:nobody:1624388302`.padEnd(512)}content`

describe('the mirror of the own server', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetsweep-mirror-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const identity = { serverId: 'one', serverUrl: 'https://fleet.example:8443', caPem: 'PEM' }

  it('is at the server that the machine is enrolled with, while it is said to be there', () => {
    const mirror = new ServerMirror(folder, identity)
    expect(mirror.place).toBeUndefined()
    mirror.note(true)
    expect(mirror.place).toEqual({ mirror: `${identity.serverUrl}${SIGNATURES_PATH}`, caPem: 'PEM' })
    expect(new ServerMirror(folder, identity).place).toBeDefined()
    // What one server said is not believed of another.
    expect(new ServerMirror(folder, { ...identity, serverId: 'other' }).place).toBeUndefined()
    mirror.note(false)
    expect(new ServerMirror(folder, identity).place).toBeUndefined()
  })

  it.each([
    [{}, `${identity.serverUrl}${SIGNATURES_PATH}`],
    [{ mirror: 'https://mirror.example' }, 'https://mirror.example'],
    [{ serverMirror: false }, undefined],
  ])('is used unless agent.toml says otherwise: %j', async (signatures, used) => {
    const serverMirror = new ServerMirror(folder, identity)
    serverMirror.note(true)
    const program = join(folder, 'freshclam')
    writeFileSync(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    const { updater } = createScanning({
      stateDir: folder,
      config: { signatures: { freshclam: program, ...signatures } },
      policy: {},
      host: new TestAgent().host,
      serverMirror,
      clock: new MovableClock(),
      random: () => 0.5,
      logger: createLogger('error', () => {}),
    })
    await updater?.update()
    const config = readFileSync(join(folder, 'signatures', 'freshclam.conf'), 'utf8')
    expect(/^PrivateMirror (.*)$/m.exec(config)?.[1]).toBe(used)
  })

  it('is told by a real server and fetched from by a real freshclam, over TLS that only the enrollment vouches for', async () => {
    await using fleet = await LiveFleet.start({
      listen: `127.0.0.1:${await freePort()}`,
      tls: { aliases: [] },
    })
    const mirrored = join(fleet.serverData, 'signatures')
    mkdirSync(mirrored, { recursive: true })
    for (const name of ['main.cvd', 'daily.cvd']) writeFileSync(join(mirrored, name), UNSIGNED)
    const databaseDir = join(folder, 'databases')
    mkdirSync(databaseDir)
    let updater: SignatureUpdater | undefined
    let told: ServerMirror | undefined
    const scanning: ProgramParts['scanning'] = ({ stateDir, serverMirror, clock, random, logger }) => {
      told = serverMirror
      const { path, env } = tool('freshclam')
      updater = new SignatureUpdater({
        freshclam: { program: path, env, workDir: join(stateDir, 'signatures'), databaseDir, owner: 'root' },
        mirror: () => serverMirror?.place,
        clock,
        random,
        logger,
      })
      const { runScan } = new FakeScanRunner()
      return { engine: idleEngine, runScan, endLeftovers: async () => 'processGone' }
    }
    await using agent = new TestAgent({ scanning })
    const ca = ['--ca', fleet.caFile ?? '']
    const { token } = await tokenOf(fleet)
    expect(await agent.command('enroll', '--server', fleet.url, '--token', token, ...ca)).toBe(0)
    agent.start()
    await until(() => told?.place !== undefined, 'the agent knows of the mirror')
    expect(told?.place?.mirror).toBe(`${fleet.url}${SIGNATURES_PATH}`)
    // It came to the databases, which takes the right address and a certificate that is believed, and took none of them.
    expect(await updater?.update()).toMatchObject({
      kind: 'failed',
      sentence: expect.stringContaining('verify database integrity'),
    })
  })
})

async function tokenOf(fleet: LiveFleet) {
  // fetch takes no authorities of its own.
  const usual = getCACertificates()
  setDefaultCACertificates([readFileSync(fleet.caFile ?? '', 'utf8')])
  try {
    const client = new FleetsweepClient({ baseUrl: fleet.url, tokens: clientCredentials(fleet.credentials) })
    return await client.createEnrollmentToken({})
  } finally {
    setDefaultCACertificates(usual)
  }
}
