import { randomUUID } from 'node:crypto'
import {
  type AgentEvent,
  type Clock,
  DEFAULT_SCAN_SETTINGS,
  type ScanProgress,
  type ScanReport,
} from '@fleetsweep/protocol'
import { type ControlCall, ControlRefusal } from '../control/control-command.ts'
import type { ScanAsk, ScanEnd, ScanNews, StopScansAsk } from '../control/scan-messages.ts'
import { fitEvent } from '../journal/fit-event.ts'
import type { Journal } from '../journal/journal.ts'
import { summarize } from '../journal/summary.ts'
import type { ActionQueue } from './action-queue.ts'

export type LocalScansParts = {
  queue: Pick<ActionQueue, 'scanHere' | 'orderStop'>
  journal: Pick<Journal, 'openLocalScans'>
  clock: Clock
}

type Asker = {
  news: (news: ScanNews) => void
  ended: (end: ScanEnd) => void
  failed: (refusal: ControlRefusal) => void
}

/** Scans that people on this machine ask for: what they hear of them, and that one nobody waits for any more ends. */
export class LocalScans {
  readonly #parts: LocalScansParts
  readonly #askers = new Map<string, Asker>()

  constructor(parts: LocalScansParts) {
    this.#parts = parts
  }

  /**
   * Runs a scan when its turn comes. Whoever asked and hangs up wants it no more.
   *
   * @throws ControlRefusal when there is no room for it, and when the agent ends first
   */
  async scan({ rescan, ...asked }: ScanAsk, { news, signal }: ControlCall): Promise<ScanEnd> {
    const actionId = `local-${randomUUID()}`
    const { requestor } = asked
    const { promise, resolve, reject } = Promise.withResolvers<ScanEnd>()
    this.#askers.set(actionId, { news, ended: resolve, failed: reject })
    const stop = () => {
      // Gone from the list when the agent ends: then it is the agent that hangs up.
      if (this.#askers.has(actionId)) this.#parts.queue.orderStop({ actionId, requestor })
    }
    try {
      const refusal = this.#parts.queue.scanHere({
        ...asked,
        actionId,
        settings: { ...DEFAULT_SCAN_SETTINGS, rescan },
      })
      if (refusal !== undefined) throw new ControlRefusal(refusal)
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
      return await promise
    } finally {
      signal.removeEventListener('abort', stop)
      this.#askers.delete(actionId)
    }
  }

  /** Ends every scan that people on this machine asked for. @returns how many */
  stopAll({ requestor }: StopScansAsk): number {
    const open = this.#parts.journal.openLocalScans()
    for (const actionId of open) this.#parts.queue.orderStop({ actionId, requestor })
    return open.length
  }

  tellProgress(actionId: string, progress: ScanProgress): void {
    this.#askers.get(actionId)?.news({ kind: 'progress', progress })
  }

  tell(actionId: string, event: AgentEvent): void {
    const asker = this.#askers.get(actionId)
    if (event.kind === 'detection') asker?.news({ kind: 'detection', detection: event.detection })
    const summary = summarize(event, this.#parts.clock.now(), 'local')
    if (summary === undefined) return
    asker?.ended({ actionId, ...summary, report: reportOf(fitEvent(actionId, 0, event)) })
  }

  /** The agent ends. What has not ended goes on at its next start. */
  close(): void {
    for (const { failed } of this.#askers.values()) {
      failed(
        new ControlRefusal(
          'The agent ends. The scan goes on when it runs again; fleetsweep-agent history will say how it ended.',
        ),
      )
    }
    this.#askers.clear()
  }
}

/** Without the word of a list that nobody keeps. */
function reportOf(event: AgentEvent): ScanReport | null {
  if (!('report' in event) || event.report === null) return null
  const { notScannedList: _, ...report } = event.report
  return report
}
