import { randomUUID } from 'node:crypto'
import { renderFilePath } from '@fleetsweep/protocol'
import type { Witness } from '../local-log/index.ts'
import { pathOf, type QuarantineDesk } from '../quarantine/index.ts'
import { ControlRefusal } from './control-command.ts'
import type {
  QuarantineAddAsk,
  QuarantineAdded,
  QuarantinePage,
  QuarantineRestoreAsk,
  QuarantineRestored,
} from './quarantine-messages.ts'

const PAGE = 50
const SHOWN_PATH_CHARACTERS = 4_096

/** What people at the machine do with its quarantine, written down in the local log. */
export class HandQuarantine {
  readonly #desk: QuarantineDesk
  readonly #log: Witness

  constructor(desk: QuarantineDesk, log: Witness) {
    this.#desk = desk
    this.#log = log
  }

  list({ from }: { from: number }): QuarantinePage {
    const records = this.#quarantine.list()
    const items = records.slice(from, from + PAGE).map((record) => {
      const { id, stage, takenAtMs, takenBy, threatName, sizeBytes } = record
      const path = renderFilePath(pathOf(record)).text.slice(0, SHOWN_PATH_CHARACTERS)
      return { id, stage, takenAtMs, takenBy, threatName, path, sizeBytes }
    })
    return { items, next: from + PAGE < records.length ? from + PAGE : null }
  }

  /** @throws ControlRefusal when the file stays where it is */
  async add({ path, force, requestor }: QuarantineAddAsk): Promise<QuarantineAdded> {
    const quarantine = this.#quarantine
    return await this.#logged({ verb: 'quarantine', requestor, subject: path }, async () => {
      const request = { threatName: 'by hand', actionId: null, takenBy: requestor, force }
      const taken = await quarantine.take({ path: Buffer.from(path), ...request })
      if (taken.kind === 'refused') throw new ControlRefusal(`${path} stays where it is. ${taken.why}`)
      const { id, otherNames } = taken.record
      return { answer: { id, otherNames }, sentence: `In quarantine as ${id}.` }
    })
  }

  /** @throws ControlRefusal when it stays in quarantine */
  async restore({ id, to, force, requestor }: QuarantineRestoreAsk): Promise<QuarantineRestored> {
    const quarantine = this.#quarantine
    return await this.#logged({ verb: 'restore', requestor, subject: id }, async () => {
      const place = to === null ? {} : { to: Buffer.from(to) }
      const restored = await quarantine.restore({ id, overwrite: force, ...place })
      if (restored.kind === 'refused') throw new ControlRefusal(`It stays in quarantine. ${restored.why}`)
      const path = to ?? renderFilePath(pathOf(restored.record)).text
      return { answer: { path, missing: restored.missing }, sentence: `Back at ${path}.` }
    })
  }

  get #quarantine(): Exclude<QuarantineDesk, { unavailable: string }> {
    if ('unavailable' in this.#desk) throw new ControlRefusal(this.#desk.unavailable)
    return this.#desk
  }

  async #logged<Answer>(
    { verb, requestor, subject }: { verb: 'quarantine' | 'restore'; requestor: string; subject: string },
    work: () => Promise<{ answer: Answer; sentence: string }>,
  ): Promise<Answer> {
    const action = { actionId: `local-${randomUUID()}`, verb, origin: 'local' } as const
    this.#log.asked({ ...action, requestor, comment: null, scanType: null, subjects: [subject] })
    try {
      const { answer, sentence } = await work()
      this.#log.ended({ ...action, ending: 'done', sentence, report: null })
      return answer
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error)
      this.#log.ended({ ...action, ending: 'failed', sentence, report: null })
      throw error
    }
  }
}
