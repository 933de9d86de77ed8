import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** A part of a benchmark in a process of its own: told what to do, it answers with one message. */
export class BenchChild implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #gone: Promise<never>

  /** @param flags of Node itself */
  constructor(module: URL, flags: readonly string[] = process.execArgv) {
    this.#process = fork(module, { execArgv: [...flags] })
    this.#gone = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`A part of the benchmark ended with ${code}.`)
    })
    this.#gone.catch(() => {})
  }

  async ask<Answer>(question: object): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) =>
      this.#process.once('message', (message) => resolve(message as Answer)),
    )
    this.#process.send(question)
    return Promise.race([answered, this.#gone])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#gone.catch(() => {})
  }
}
