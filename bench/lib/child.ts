import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** A part of a benchmark in a process of its own: told what to do, it answers with one message. */
export class BenchChild implements AsyncDisposable {
  readonly #process: ChildProcess

  constructor(module: URL) {
    this.#process = fork(module)
  }

  async ask<Answer>(question: object): Promise<Answer> {
    const gone = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`A part of the benchmark ended with ${code}.`)
    })
    const answer = once(this.#process, 'message').then(([message]) => message as Answer)
    this.#process.send(question)
    return Promise.race([answer, gone])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }
}
