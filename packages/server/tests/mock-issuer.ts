import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

type Order =
  | { do: 'sign'; claims: object; header: object; kid: string | undefined }
  | { do: 'rotate'; algorithm: string }
  | { do: 'answer'; by: KeysBy }
  | { do: 'publicKeys' }
  | { do: 'timesAsked' }
export type MockIssuerOrder = Order & { number: number }
export type MockIssuerAnswer = { number: number; value?: unknown; error?: string }
/** What an issuer does to whoever asks for its keys. */
export type KeysBy =
  | 'usual'
  | 'newest'
  | 'huge'
  | 'slow'
  | 'elsewhere'
  | 'broken'
  | 'secret'
  | 'missing'
  | 'of-another'

const PROGRAM = fileURLToPath(new URL('./mock-issuer-program.ts', import.meta.url))

/** An issuer of another make, in a process of its own on loopback. */
export class MockIssuer implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>()
  #number = 0

  /** @param tls files of a key and a certificate for `localhost`; plain HTTP without */
  static async start(tls?: { keyFile: string; certFile: string }): Promise<MockIssuer> {
    const child = fork(PROGRAM, tls ? [tls.keyFile, tls.certFile] : [])
    const [{ value }] = (await once(child, 'message')) as [MockIssuerAnswer]
    return new MockIssuer(child, String(value))
  }

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
    child.on('message', ({ number, value, error }: MockIssuerAnswer) => {
      const waiting = this.#answers.get(number)
      if (error === undefined) waiting?.resolve(value)
      else waiting?.reject(new Error(error))
    })
  }

  /** A token with exactly these claims; signed with a key of its choice unless one is named. */
  async sign(claims: object, { kid, header = {} }: { kid?: string; header?: object } = {}): Promise<string> {
    return String(await this.#ask({ do: 'sign', claims, header, kid }))
  }

  /** Makes another key and keeps the older ones. @returns its id */
  async rotate(algorithm = 'RS256'): Promise<string> {
    return String(await this.#ask({ do: 'rotate', algorithm }))
  }

  async answerKeys(by: KeysBy): Promise<void> {
    await this.#ask({ do: 'answer', by })
  }

  async publicKeys(): Promise<Record<string, string>[]> {
    return (await this.#ask({ do: 'publicKeys' })) as Record<string, string>[]
  }

  /** How often somebody asked where its keys are. */
  async timesAsked(): Promise<number> {
    return Number(await this.#ask({ do: 'timesAsked' }))
  }

  #ask(order: Order): Promise<unknown> {
    this.#number += 1
    const number = this.#number
    const answer = Promise.withResolvers<unknown>()
    this.#answers.set(number, answer)
    this.#child.send({ ...order, number })
    return answer.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill()
    await gone
  }
}
