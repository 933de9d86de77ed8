import type { AgentEvent, ScanProgress } from '@fleetsweep/protocol'
import type { Journal, WaitingScan } from '../journal/journal.ts'
import type { Logger } from '../os/logger.ts'
import type { ScanOutcome, ScanRunner } from '../scan/scan.ts'

export type AttemptParts = {
  journal: Pick<Journal, 'append'>
  runScan: ScanRunner
  logger: Logger
  /** The journal holds something new to tell. */
  onEvent: () => void
}

/** One attempt at a scan, begun in the journal already. */
export type Attempt = {
  scan: WaitingScan
  attempt: number
  workDir: string
  signal: AbortSignal
  /** An event is in the journal. */
  onTold: (event: AgentEvent) => void
  onProgress: (progress: ScanProgress) => void
}

/** Runs one attempt at a scan; what it sees is in the journal before anybody hears of it. */
export async function runAttempt(
  { journal, runScan, logger, onEvent }: AttemptParts,
  { scan, attempt, workDir, signal, onTold, onProgress }: Attempt,
): Promise<ScanOutcome> {
  const { actionId, scanType, paths, settings } = scan
  // What cannot be told must not look as if it had not been: the scan then fails, and says why.
  let untellable: string | undefined
  const tell = (event: AgentEvent) => {
    try {
      journal.append(actionId, event)
      onTold(event)
      onEvent()
    } catch (error) {
      logger.error({ actionId, event: event.kind, error: String(error) }, 'an event cannot be told')
      untellable ??= String(error)
    }
  }
  try {
    const outcome = await runScan({
      actionId,
      scanType,
      paths,
      settings,
      attempt,
      workDir,
      signal,
      onStarted: (engine) => tell({ kind: 'started', attempt, engine }),
      onDetection: (detection) => tell({ kind: 'detection', attempt, detection }),
      onProgress,
    })
    if (untellable === undefined || outcome.kind === 'stopped') return outcome
    const reason = `Something that was found could not be told: ${untellable}`.slice(0, 1_000)
    return { kind: 'failed', reason, report: outcome.report }
  } catch (error) {
    logger.error(
      { actionId, error: error instanceof Error ? error.stack : String(error) },
      'the scan broke off',
    )
    const reason = 'The scan broke off by an error of the agent; its log has the details.'
    return { kind: 'failed', reason, report: null }
  }
}
