import {
  type Clock,
  type Detection,
  formatInstant,
  isCounted,
  notScannedTotal,
  type ScanReport,
} from '@fleetsweep/protocol'
import type { Logger } from '../os/logger.ts'
import type { Asked, Ended, LogEntry } from './log-entry.ts'
import { LogFiles } from './log-files.ts'

/** Detections of one scan that are logged one by one: a folder full of them must not push all else out. */
const MOST_FOUND = 20
const MOST_SUBJECTS = 20
const MOST_CHARACTERS = 1_000

export type AskedAction = Omit<Asked, 'what' | 'at' | 'subjects' | 'subjectCount'> & {
  subjects: readonly string[]
}

export type EndedAction = Pick<Ended, 'actionId' | 'verb' | 'origin' | 'ending' | 'sentence'> & {
  report: ScanReport | null
}

/** Whoever keeps a record of what is asked and what comes of it. Told before it counts: a kill may make it be told twice. */
export type Witness = {
  asked: (action: AskedAction) => void
  found: (actionId: string, detection: Detection) => void
  ended: (action: EndedAction) => void
}

/**
 * What this machine was asked, by whom, and what was reported: JSON lines in its state folder, for its own people.
 *
 * A log that cannot be written stops nothing: a machine with a full disk must still follow a stop order.
 */
export class LocalLog implements Witness {
  readonly #files: LogFiles
  readonly #clock: Pick<Clock, 'now'>
  readonly #logger: Pick<Logger, 'error'>
  readonly #found = new Map<string, number>()

  constructor(stateDir: string, clock: Pick<Clock, 'now'>, logger: Pick<Logger, 'error'>) {
    this.#files = new LogFiles(stateDir)
    this.#clock = clock
    this.#logger = logger
  }

  asked({ subjects, requestor, comment, ...action }: AskedAction): void {
    this.#write({
      what: 'asked',
      at: this.#now(),
      ...action,
      requestor: requestor && short(requestor),
      comment: comment && short(comment),
      subjects: subjects.slice(0, MOST_SUBJECTS).map(short),
      subjectCount: subjects.length,
    })
  }

  found(actionId: string, { threatName, path, disposition }: Detection): void {
    const before = this.#found.get(actionId) ?? 0
    if (before >= MOST_FOUND) return
    this.#found.set(actionId, before + 1)
    const known = { threatName: short(threatName), path: short(path.text), disposition }
    this.#write({ what: 'found', at: this.#now(), actionId, ...known })
  }

  ended({ report, sentence, ...action }: EndedAction): void {
    this.#found.delete(action.actionId)
    const summary = report === null ? {} : { report: summaryOf(report) }
    this.#write({ what: 'ended', at: this.#now(), ...action, sentence: short(sentence), ...summary })
  }

  #write(entry: LogEntry): void {
    try {
      this.#files.append(JSON.stringify(entry))
    } catch (error) {
      this.#logger.error({ what: entry.what, error: String(error) }, 'the local log cannot be written')
    }
  }

  #now(): string {
    return formatInstant(this.#clock.now())
  }
}

function summaryOf(report: ScanReport): NonNullable<Ended['report']> {
  const { scanType, attempts, durationMs, engine, detections } = report
  const counted = isCounted(report) ? report.coverage : null
  return {
    scanType,
    attempts,
    durationMs,
    engine: `${engine.name} ${engine.version}`,
    signatures: engine.signatures.version,
    detections,
    met: counted === null ? null : counted.met.files,
    notScanned: counted === null ? null : notScannedTotal(counted).files,
  }
}

function short(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text
}
