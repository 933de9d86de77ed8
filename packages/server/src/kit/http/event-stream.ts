import { Readable } from 'node:stream'
import type { Clock, Timer } from '@fleetsweep/protocol'

/** A reader that is this far behind is let go; it connects again and reads the state anew. */
const MAX_BUFFERED_BYTES = 512 * 1024
/** Well below the minute after which proxies close a silent connection. */
const HEARTBEAT_MS = 20_000
/** Often enough that a reader who is no longer allowed hears nothing after a second, whoever knows of it half a second late. */
const CHECK_MS = 400
const RECONNECT_AFTER_MS = 2_000

/**
 * Server-sent events to one reader. Ends when its reader is gone, too slow, or no longer allowed.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream extends Readable {
  readonly #clock: Clock
  readonly #mayGoOn: () => Promise<boolean>
  #heartbeat: Timer
  #nextCheck: Timer

  /** @param mayGoOn asked twice a second and by `check`: false ends the stream */
  constructor(parts: { clock: Clock; mayGoOn: () => Promise<boolean> }) {
    super({ highWaterMark: MAX_BUFFERED_BYTES })
    this.#clock = parts.clock
    this.#mayGoOn = parts.mayGoOn
    this.#heartbeat = this.#beatLater()
    this.#nextCheck = this.#checkLater()
    this.push(`retry: ${RECONNECT_AFTER_MS}\n\n`)
  }

  /** Sends an event. The text has no line breaks, as JSON has none. */
  send(name: string, text: string): void {
    this.#write(`event: ${name}\ndata: ${text}\n\n`)
  }

  /** Ends it for good; the reader is free to come again. */
  end(): void {
    if (!this.destroyed && !this.readableEnded) this.push(null)
  }

  /** Asks whether the reader may go on; ends the stream when not. */
  async check(): Promise<void> {
    const goesOn = await this.#mayGoOn().catch(() => false)
    if (!goesOn) this.end()
  }

  override _read(): void {}

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#heartbeat.cancel()
    this.#nextCheck.cancel()
    callback(error)
  }

  #write(text: string): void {
    if (this.destroyed || this.readableEnded) return
    if (this.readableLength + text.length > MAX_BUFFERED_BYTES) this.destroy()
    else this.push(text)
  }

  #beatLater(): Timer {
    return this.#clock.setTimer(HEARTBEAT_MS, () => {
      this.#write(': still here\n\n')
      if (!this.destroyed) this.#heartbeat = this.#beatLater()
    })
  }

  #checkLater(): Timer {
    return this.#clock.setTimer(CHECK_MS, async () => {
      await this.check()
      if (!this.destroyed && !this.readableEnded) this.#nextCheck = this.#checkLater()
    })
  }
}
