import { open } from 'node:fs/promises'
import {
  ATTACHMENT_PIECE_BYTES,
  AttachmentState,
  attachmentPath,
  type Clock,
  MACHINE_SCHEME,
  type Timer,
} from '@fleetsweep/protocol'
import { type HttpAnswer, sendHttpRequest } from '../enrollment/http-request.ts'
import type { Identity } from '../enrollment/identity.ts'
import { type Backoff, fullJitterMs } from '../gateway/backoff.ts'
import { LazySchema } from '../kit/lazy-schema.ts'
import type { Logger } from '../os/logger.ts'
import { signFields } from '../signing/ed25519.ts'
import type { AttachmentSpool, SpooledList } from './attachment-spool.ts'

/** Between rounds in which something could not be sent. */
const RETRY: Backoff = { baseMs: 15_000, capMs: 1_800_000 }
/** A list that arrives wrong this often is wrong itself: the disk has changed it. */
const MAX_RESTARTS = 3
const MAX_ANSWER_BYTES = 16 * 1024

const stateSchema = new LazySchema(AttachmentState)

export type AttachmentUploaderParts = {
  spool: AttachmentSpool
  identity: Pick<Identity, 'tenant' | 'machineId' | 'serverId' | 'serverUrl' | 'privateKeyPem' | 'caPem'>
  clock: Clock
  /** From 0 to 1, for jitter. */
  random: () => number
  logger: Logger
}

/** Sends what the spool holds, one list after the other, and goes on where the server says that it is. */
export class AttachmentUploader {
  readonly #parts: AttachmentUploaderParts
  #timer: Timer | undefined
  #round: Promise<void> | undefined
  #failures = 0
  /** Something came up while a round was under way, which may have looked too early. */
  #isAskedAgain = false
  #isClosed = false

  constructor(parts: AttachmentUploaderParts) {
    this.#parts = parts
  }

  /** There may be something to send, or somebody to send it to. */
  wake(): void {
    if (this.#isClosed) return
    if (this.#round !== undefined) {
      this.#isAskedAgain = true
      return
    }
    this.#timer?.cancel()
    this.#isAskedAgain = false
    this.#round = this.#sendAll()
      .catch((error: unknown) => {
        this.#parts.logger.warn({ error: String(error) }, 'lists of files could not be sent; later again')
        return false
      })
      .then((isDone) => {
        this.#round = undefined
        this.#failures = isDone ? 0 : this.#failures + 1
        if (this.#isAskedAgain) this.wake()
        else if (!isDone) this.#wakeLater()
      })
  }

  /** Ends after the piece that is on its way. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#round
  }

  #wakeLater(): void {
    if (this.#isClosed) return
    const { clock, random } = this.#parts
    this.#timer = clock.setTimer(Math.round(fullJitterMs(this.#failures, random(), RETRY)), () => this.wake())
  }

  /** @returns false when something is left to send */
  async #sendAll(): Promise<boolean> {
    const { spool, logger } = this.#parts
    let isDone = true
    for (const list of spool.list()) {
      if (this.#isClosed) return true
      const state = await this.#send(list)
      if (state === 'unreported' || state === 'wanted') {
        isDone = false
        continue
      }
      logger.info({ actionId: list.actionId, bytes: list.bytes, state }, 'a list of files is done with')
      spool.drop(list)
    }
    return isDone
  }

  async #send(list: SpooledList): Promise<AttachmentState['state']> {
    const file = await open(list.path, 'r')
    try {
      let restarts = 0
      let { state, receivedBytes } = await this.#call(list, 'GET', '')
      while (state === 'wanted' && !this.#isClosed) {
        const piece = Buffer.alloc(Math.min(ATTACHMENT_PIECE_BYTES, Math.max(0, list.bytes - receivedBytes)))
        const { bytesRead } = await file.read(piece, 0, piece.length, receivedBytes)
        // The server wants more than there is: this is not what the report names.
        if (piece.length === 0 || bytesRead < piece.length) return 'unwanted'
        const next = await this.#call(list, 'PUT', `?offset=${receivedBytes}`, piece)
        if (next.state === 'wanted' && next.receivedBytes <= receivedBytes && ++restarts > MAX_RESTARTS) {
          return 'unwanted'
        }
        ;({ state, receivedBytes } = next)
      }
      return state
    } finally {
      await file.close()
    }
  }

  async #call(
    { actionId, sha256 }: SpooledList,
    method: 'GET' | 'PUT',
    query: string,
    body?: Buffer,
  ): Promise<AttachmentState> {
    const { tenant, machineId, serverId, serverUrl, privateKeyPem, caPem } = this.#parts.identity
    const fields = [serverId, tenant, machineId, actionId, sha256]
    const signature = signFields(privateKeyPem, 'fleetsweep.agent.v1/attachment', fields)
    const answer = await sendHttpRequest({
      method,
      url: new URL(`${attachmentPath({ tenant, machineId, actionId, sha256 })}${query}`, serverUrl),
      headers: {
        authorization: `${MACHINE_SCHEME} ${signature}`,
        ...(body && { 'content-type': 'application/octet-stream' }),
      },
      ...(body && { body }),
      caPem: caPem ?? undefined,
      maxAnswerBytes: MAX_ANSWER_BYTES,
    })
    return readState(answer)
  }
}

/** @throws Error for anything but a state: the server is busy, a proxy answered, the server is older than this agent */
function readState({ status, body }: HttpAnswer): AttachmentState {
  if (status !== 200) throw new Error(`the server answered ${status}`)
  return stateSchema.Parse(JSON.parse(body))
}
