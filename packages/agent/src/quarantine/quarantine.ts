import { errorCode } from '../scan/error-code.ts'
import {
  nowMs,
  type QuarantineParts,
  type QuarantineRoom,
  type Restored,
  type RestoreRequest,
  refused,
  type Taken,
  type TakeRequest,
} from './quarantine-parts.ts'
import { pathOf, type QuarantineRecord } from './quarantine-record.ts'
import { RecordFiles } from './record-files.ts'
import { restoreFile } from './restore-file.ts'
import { settle } from './settle.ts'
import { takeFile } from './take-file.ts'

/** The quarantine of a machine; where there is none, or it may not be used, why, as a sentence. */
export type QuarantineDesk = Pick<Quarantine, 'list' | 'take' | 'restore'> | { unavailable: string }

const MS_PER_DAY = 86_400_000
const AT_REST: readonly string[] = ['quarantined', 'restored'] satisfies QuarantineRecord['stage'][]

/**
 * Keeps files in which a threat was found where nothing can run them, and gives them back as they were.
 *
 * Every step is on disk before the next; `recover` finishes or undoes what a crash cut short. One thing happens at a
 * time.
 */
export class Quarantine {
  readonly #room: QuarantineRoom
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: QuarantineParts) {
    this.#room = { parts, files: new RecordFiles(parts.folder) }
  }

  list(): QuarantineRecord[] {
    return this.#room.files.list()
  }

  /** Finishes or undoes what a crash cut short, and deletes what was kept long enough. Call it once at the start. */
  recover(): void {
    for (const record of this.#room.files.list()) {
      try {
        settle(this.#room, record)
      } catch (error) {
        // Its folder cannot be worked in right now: record and copy stay for the next start.
        errorCode(error)
      }
    }
    this.#dropExpired()
  }

  /** Deletes what was kept long enough. @returns how many files */
  deleteExpired(): Promise<number> {
    return this.#inTurn(async () => this.#dropExpired())
  }

  /** Moves a file into quarantine. */
  take(request: TakeRequest): Promise<Taken> {
    return this.#inTurn(async () => {
      const id = this.#room.parts.newId()
      try {
        return { kind: 'quarantined', record: await takeFile(this.#room, id, request) }
      } catch (error) {
        const record = this.#room.files.find(id)
        const settled = record && settle(this.#room, record)
        if (settled?.stage === 'quarantined') return { kind: 'quarantined', record: settled }
        return refused(error)
      }
    })
  }

  /** Puts a file back, with owner, mode, times and attributes. Only the time of its last change of state is new. */
  restore(request: RestoreRequest): Promise<Restored> {
    return this.#inTurn(async () => {
      const record = this.#room.files.find(request.id)
      if (record?.stage !== 'quarantined')
        return { kind: 'refused', why: 'The quarantine holds no such file.' }
      const target = request.to ?? pathOf(record)
      try {
        return await restoreFile(this.#room, record, target, request.overwrite ?? false)
      } catch (error) {
        const now = this.#room.files.find(request.id)
        const settled = now && settle(this.#room, now)
        if (settled?.stage === 'restored') return { kind: 'restored', record: settled, missing: [] }
        return refused(error)
      }
    })
  }

  #dropExpired(): number {
    const { parts, files } = this.#room
    const until = nowMs(parts) - parts.keepDays * MS_PER_DAY
    // One that could not be brought to rest may have its original set aside still.
    const expired = files
      .list()
      .filter(({ takenAtMs, stage }) => takenAtMs < until && AT_REST.includes(stage))
    for (const { id } of expired) files.drop(id)
    return expired.length
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }
}
