import type { TaskOrder } from '@fleetsweep/protocol'
import type { Journal, WaitingTask } from '../journal/journal.ts'
import type { Logger } from '../os/logger.ts'
import { MAX_CRASHES } from './action-queue.ts'

/** What came of a task; the sentences are for people. */
export type TaskOutcome =
  | { kind: 'done'; sentence: string; quarantineId?: string }
  | { kind: 'failed'; reason: string }
  /** The agent is about to end: it is begun again after the next start. */
  | { kind: 'interrupted' }

export type TaskContext = {
  /** True when it was begun before, and the agent was killed in it: it may have been carried out. */
  isRepeated: boolean
  /** Aborted when the agent is to end. What is over in a moment need not look at it. */
  signal: AbortSignal
}

/** Carries out each kind of task. Begun again after a kill, it must not do anything twice. */
export type TaskHandlers = {
  [Verb in TaskOrder['verb']]: (
    order: Extract<TaskOrder, { verb: Verb }>,
    context: TaskContext,
  ) => Promise<TaskOutcome>
}

export type TaskQueueParts = {
  journal: Journal
  handlers: TaskHandlers
  logger: Logger
  /** The journal holds something new to tell. */
  onEvent: () => void
  /** The journal cannot be written: the agent must not go on. */
  onBroken: (error: unknown) => void
}

/** Carries out orders that are no scans: one after the other, beside the scans, and each once. */
export class TaskQueue {
  readonly #parts: TaskQueueParts
  readonly #closing = new AbortController()
  #isOpen = false
  #running: Promise<void> | undefined

  constructor(parts: TaskQueueParts) {
    this.#parts = parts
  }

  /** Goes on with what waits. The journal has closed by then what a killed agent left behind. */
  start(): void {
    this.#isOpen = !this.#closing.signal.aborted
    this.#runNext()
  }

  /** Takes an order, checked already. A known action is not carried out again; what it has to tell is told again. */
  order(order: TaskOrder, orderText: string): void {
    const { journal, logger, onEvent } = this.#parts
    const { verb, actionId, requestor, comment } = order
    const acceptance = journal.acceptTask(order, orderText)
    logger.info({ actionId, verb, requestor, comment, acceptance }, 'task ordered')
    onEvent()
    this.#runNext()
  }

  /** Lets the running task end, and begins no other. */
  async close(): Promise<void> {
    this.#isOpen = false
    this.#closing.abort()
    await this.#running
  }

  #runNext(): void {
    if (!this.#isOpen || this.#running !== undefined) return
    const task = this.#parts.journal.nextTask()
    if (task === undefined) return
    this.#running = this.#run(task)
      .then(() => {
        this.#running = undefined
        this.#parts.onEvent()
        this.#runNext()
      })
      .catch(this.#parts.onBroken)
  }

  async #run({ order, crashes }: WaitingTask): Promise<void> {
    const { journal, logger } = this.#parts
    const { verb, actionId } = order
    if (crashes >= MAX_CRASHES) {
      const reason = `The agent ended unexpectedly in ${crashes} attempts at this, so it was given up.`
      return journal.end(actionId, { kind: 'failed', reason, report: null })
    }
    journal.beginAttempt(actionId)
    const outcome = await this.#carryOut(order, { isRepeated: crashes > 0, signal: this.#closing.signal })
    logger.info({ actionId, verb, outcome }, 'task ended')
    if (outcome.kind === 'interrupted') return journal.interrupt(actionId, 'queueEmpty')
    journal.end(actionId, outcome.kind === 'done' ? outcome : { ...outcome, report: null })
  }

  async #carryOut(order: TaskOrder, context: TaskContext): Promise<TaskOutcome> {
    const { handlers, logger } = this.#parts
    try {
      switch (order.verb) {
        case 'quarantine':
          return await handlers.quarantine(order, context)
        case 'restore':
          return await handlers.restore(order, context)
        case 'updateSignatures':
          return await handlers.updateSignatures(order, context)
      }
    } catch (error) {
      const { verb, actionId } = order
      logger.error(
        { verb, actionId, error: error instanceof Error ? error.stack : String(error) },
        'a task broke off',
      )
      return { kind: 'failed', reason: 'It broke off by an error of the agent; its log has the details.' }
    }
  }
}
