import type { BigIntStats } from 'node:fs'
import type { Detection } from '@fleetsweep/protocol'
import type { EngineSession } from '../engines/engine.ts'
import type { Ledger, SteadyFiles } from '../ledger/index.ts'
import { listUserAccounts } from '../os/user-accounts.ts'
import type { Disposal } from './disposal.ts'
import { type FileOutcome, findStats, judgeFile, nameFor } from './judge-file.ts'
import type { Judged, JudgedFiles } from './judged-files.ts'
import { SameContent } from './same-content.ts'
import type { ScanBook } from './scan-book.ts'
import { breathe, Turn } from './turn.ts'
import type { WorkItem, WorkList } from './work-list.ts'

export type JudgeAllOptions = {
  session: EngineSession
  /** Files may be added to it meanwhile; whoever calls may look at the rest of it afterwards. */
  list: WorkList
  judged: JudgedFiles
  ledger: Ledger | undefined
  steady: SteadyFiles
  book: ScanBook
  disposal: Disposal
  signal: AbortSignal
  /** Settles when the next file may be taken. */
  pace: () => Promise<void>
}

/** A file that was known to be clean is not, though nothing says that it was written to: nothing known can be trusted. */
export class LedgerContradicted extends Error {}

/**
 * Lets the engine judge everything on the list, so many files at a time as it takes, and settles each of them, until
 * there is nothing left and nothing more is added.
 *
 * @returns why the engine cannot go on, if so, and what was taken off the list and not settled because of that
 */
export async function judgeAll(
  options: JudgeAllOptions,
): Promise<{ failure: unknown; unsettled: WorkItem[] }> {
  const { session, list, signal, pace } = options
  const judging = new Judging(options)
  const turn = new Turn()
  const unsettled: WorkItem[] = []
  let failure: unknown
  let breath: Promise<void> | undefined
  const next = async (): Promise<WorkItem | undefined> => {
    while (!signal.aborted && failure === undefined) {
      // Other names of files and the like take no engine, and thousands of them would be settled in one go.
      if (turn.isOver()) breath = breathe()
      await breath
      await pace()
      const item = list.take()
      if (item || list.isComplete) return item
      await list.moved()
    }
    return undefined
  }
  const worker = async () => {
    for (let item = await next(); item; item = await next()) {
      try {
        await judging.judge(item)
      } catch (error) {
        failure ??= error
        unsettled.push(item)
      }
    }
  }
  const workers = Array.from({ length: session.window }, () =>
    worker().catch((error) => {
      failure ??= error
    }),
  )
  await Promise.all(workers)
  return { failure, unsettled }
}

class Judging {
  readonly #options: JudgeAllOptions
  readonly #contents: SameContent
  readonly #ownerNames = new Map(listUserAccounts().map(({ uid, name }) => [uid, name]))
  /** Files with several names that are in the engine's hands: the other names wait for them. */
  readonly #underWay = new Map<number, Promise<void>>()

  constructor(options: JudgeAllOptions) {
    this.#options = options
    this.#contents = new SameContent(options.list)
  }

  async judge(item: WorkItem): Promise<void> {
    if (item.leader !== null) return this.#judgeOtherName(item, item.leader)
    const judging = this.#judgeAlone(item)
    if (!item.isLinked) return judging
    this.#underWay.set(item.id, judging)
    await judging.finally(() => this.#underWay.delete(item.id))
  }

  async #judgeOtherName(item: WorkItem, leader: number): Promise<void> {
    const { judged, book } = this.#options
    // Its own failure is told where it is judged.
    await this.#underWay.get(leader)?.catch(() => {})
    const stats = findStats(item.path)
    const known = stats && judged.find(stats)
    if (stats === undefined || known === undefined || known.kind === 'notScanned')
      return this.#judgeAlone(item)
    if (known.kind === 'threat') await this.#found(nameFor(known.detection, item.path), item, stats)
    book.read('duplicate', item.bytes)
  }

  async #judgeAlone(item: WorkItem): Promise<void> {
    const { session, signal, steady, book, ledger } = this.#options
    const outcome = await judgeFile(item, {
      session,
      signal,
      contents: this.#contents,
      steady,
      ownerNames: this.#ownerNames,
    })
    if (outcome.kind === 'threat' && ledger?.holds(outcome.stats)) this.#contradict()
    if (item.isKnown && outcome.kind !== 'notScanned') book.verified(item.bytes)
    this.#keep(outcome)
    if (outcome.kind === 'notScanned') {
      return book.notRead(outcome.reason, item.path, item.bytes, outcome.detail)
    }
    if (outcome.kind === 'threat') await this.#found(outcome.detection, item, outcome.stats)
    book.read(outcome.isRepeated ? 'duplicate' : 'scanned', item.bytes)
  }

  async #found(detection: Detection, { path }: WorkItem, stats: BigIntStats): Promise<void> {
    const { judged, book, disposal } = this.#options
    if (!disposal.isWanted) return book.found(detection, judged)
    // Once the file is gone no walk meets it again: whoever is killed after that tells it from this note.
    judged.note(detection)
    book.found(await disposal.settle(detection, path, stats), judged)
  }

  /** @throws LedgerContradicted when files were taken for unchanged on its word: they are to be read after all */
  #contradict(): void {
    const { ledger, book } = this.#options
    // Before anything else: whoever is killed here must not believe it again.
    ledger?.throwAway()
    if (book.count.unchanged.files > 0) throw new LedgerContradicted()
    book.contradicted()
  }

  /** Before it is told or counted: whoever is killed in between tells it again, and a server knows it again. */
  #keep(outcome: FileOutcome): void {
    const { judged, ledger, disposal } = this.#options
    const { stats } = outcome
    if (stats === undefined || !isLasting(outcome)) return
    // One that is still there in the next attempt was not moved away: it is judged again, and that is tried again.
    if (outcome.kind === 'threat' && disposal.isWanted) return
    judged.keep(stats, withoutStats(outcome), outcome.kind !== 'notScanned' && outcome.isRepeated)
    if (outcome.kind === 'clean') ledger?.keep(stats)
  }
}

/** A file that took too long, or broke the engine, gets another chance in the next attempt. */
function isLasting(outcome: FileOutcome): boolean {
  return outcome.kind !== 'notScanned' || outcome.reason === 'engineLimit' || outcome.reason === 'encrypted'
}

function withoutStats(outcome: FileOutcome): Judged {
  switch (outcome.kind) {
    case 'clean':
      return { kind: 'clean' }
    case 'threat':
      return { kind: 'threat', detection: outcome.detection }
    case 'notScanned':
      return { kind: 'notScanned', reason: outcome.reason, detail: outcome.detail }
  }
}
