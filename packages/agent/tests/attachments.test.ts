import { spawn } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ATTACHMENT_PIECE_BYTES } from '@fleetsweep/protocol'
import { MovableClock, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AttachmentSpool, AttachmentUploader } from '../src/attachments/index.ts'
import { createLogger } from '../src/os/logger.ts'
import { ListServer } from './list-server.ts'

const PIECE = ATTACHMENT_PIECE_BYTES
const MIB = 1024 * 1024

let stateDir: string
let spool: AttachmentSpool
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'fleetsweep-lists-'))
  spool = new AttachmentSpool(stateDir)
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

describe('lists that wait', () => {
  it('are fifty at most, the newest', () => {
    const ids = Array.from({ length: 53 }, (_, age) => keep({ age: 53 - age }))
    expect(spool.list().map(({ actionId }) => actionId)).toEqual(ids.slice(3))
  })

  it('take 256 MiB at most, and the newest stays', () => {
    const ids = [100, 100, 100, 100].map((mebibytes, at) => keep({ bytes: mebibytes * MIB, age: 4 - at }))
    expect(spool.list().map(({ actionId }) => actionId)).toEqual(ids.slice(2))
  })

  it('are read back by a later agent, and nothing else in their folder is', () => {
    const id = keep({ bytes: 10 })
    writeFileSync(join(stateDir, 'attachments', 'notes.txt'), 'not a list')
    const later = new AttachmentSpool(stateDir)
    expect(later.list()).toMatchObject([{ actionId: id, bytes: 10 }])
  })

  it('are taken over once: what a kill let be moved already is no error', () => {
    const file = join(stateDir, 'list.gz')
    writeFileSync(file, 'list')
    const [id, sha256] = [randomUUID(), 'a'.repeat(64)]
    spool.keep(id, sha256, file)
    spool.keep(id, sha256, file)
    expect(spool.list()).toHaveLength(1)
  })
})

describe('a list on its way', () => {
  const list = randomBytes(3 * PIECE + 17)
  const clock = new MovableClock()
  let server: ListServer
  beforeEach(async () => {
    server = await ListServer.start(list)
  })
  afterEach(() => server[Symbol.asyncDispose]())

  it('goes on at the next piece when the agent was killed while it sent one', async () => {
    keepList(list)
    server.holdFrom = 2 * PIECE
    const identityFile = join(stateDir, 'identity.json')
    writeFileSync(identityFile, JSON.stringify(identity()))
    const child = join(import.meta.dirname, 'upload-child.ts')
    const killed = spawn(process.execPath, [child, stateDir, identityFile], { stdio: 'inherit' })
    await until(() => server.held === 1, 'the third piece was on its way')
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    expect(spool.list()).toHaveLength(1)

    server.holdFrom = Number.POSITIVE_INFINITY
    await send()
    expect(server.offsets).toEqual([0, PIECE, 2 * PIECE, 3 * PIECE])
    expect(server.received.equals(list)).toBe(true)
    expect(spool.list()).toEqual([])
  })

  it('waits while the server is busy, and is sent by itself later', async () => {
    keepList(list)
    server.answer = 'busy'
    const uploader = newUploader()
    uploader.wake()
    await until(() => clock.nextTimerInMs !== undefined, 'it waits for its next try')
    expect(spool.list()).toHaveLength(1)
    server.answer = 'state'
    clock.advance('1h')
    await until(() => spool.list().length === 0, 'it was sent')
    await uploader.close()
    expect(server.received.equals(list)).toBe(true)
  })

  it('is dropped when the server does not want it, as one beyond a quota', async () => {
    keepList(list)
    server.answer = 'unwanted'
    await send()
    expect(spool.list()).toEqual([])
  })

  it('is given up when it arrives wrong time after time, because the disk has changed it', async () => {
    keepList(Buffer.concat([list.subarray(0, -1), Buffer.from([0])]))
    await send()
    expect(spool.list()).toEqual([])
    expect(server.offsets.filter((offset) => offset === 0)).toHaveLength(4)
  })

  it('is given up when the server wants more of it than there is', async () => {
    keepList(list.subarray(0, PIECE + 1))
    await send()
    expect(spool.list()).toEqual([])
    expect(server.received.length).toBe(PIECE + 1)
  })

  /** One round: what it cannot send stays. */
  async function send(): Promise<void> {
    const uploader = newUploader()
    uploader.wake()
    await until(() => spool.list().length === 0, 'the list was done with')
    await uploader.close()
  }

  function newUploader(): AttachmentUploader {
    const logger = createLogger('error', () => {})
    return new AttachmentUploader({ spool, identity: identity(), clock, random: () => 0.5, logger })
  }

  function identity() {
    const { privateKey } = generateKeyPairSync('ed25519')
    return {
      tenant: randomUUID(),
      machineId: 'c0'.repeat(20),
      serverId: randomUUID(),
      serverUrl: server.url,
      privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      caPem: null,
    }
  }
})

function keepList(content: Buffer): void {
  const file = join(stateDir, 'list.gz')
  writeFileSync(file, content)
  spool.keep(randomUUID(), createHash('sha256').update(content).digest('hex'), file)
}

/** @param options.age in minutes; holes stand for content */
function keep({ bytes = 1, age = 0 }: { bytes?: number; age?: number }): string {
  const file = join(stateDir, 'list.gz')
  writeFileSync(file, '')
  truncateSync(file, bytes)
  const at = 1_700_000_000 - age * 60
  utimesSync(file, at, at)
  const id = randomUUID()
  spool.keep(id, 'a'.repeat(64), file)
  return id
}
