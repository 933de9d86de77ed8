import { resolve } from 'node:path'
import type { Detection } from '@fleetsweep/protocol'
import { askAgent } from '../control/ask-agent.ts'
import { ControlRefusal } from '../control/control-command.ts'
import { type ScanAsk, ScanEnd, ScanNews } from '../control/scan-messages.ts'
import { LazySchema } from '../kit/lazy-schema.ts'
import { type CommandContext, CommandError, UsageError } from './program.ts'
import { ProgressLine } from './progress-line.ts'
import { detectionText, scanReportText } from './scan-report-text.ts'
import { whoAsks } from './who-asks.ts'

export type ScanArguments = {
  paths: readonly string[]
  full: boolean
  quick: boolean
  rescan: boolean
  stop: boolean
  json: boolean
}

/** How `fleetsweep-agent scan` exits. */
export const SCAN_EXIT = { clean: 0, found: 1, notDone: 2, notClean: 3 } as const

/** Detections that `--json` holds at most; the report says how many there were. */
const MOST_DETECTIONS = 1_000

const scanNews = new LazySchema(ScanNews)
const scanEnd = new LazySchema(ScanEnd)

/**
 * `fleetsweep-agent scan`: lets the running agent scan this machine, or ends such scans.
 *
 * @returns one of `SCAN_EXIT`
 */
export async function runScanCommand(context: CommandContext, args: ScanArguments): Promise<number> {
  const ask = askOf(args)
  try {
    return args.stop ? await stopScans(context) : await scan(context, ask, args.json)
  } catch (cause) {
    const isPlain = cause instanceof CommandError || cause instanceof ControlRefusal
    const message = cause instanceof Error ? (isPlain ? cause.message : cause.stack) : String(cause)
    // The usual exit code of a failure would say that something was found.
    throw new CommandError(message ?? '', { cause, exitCode: SCAN_EXIT.notDone })
  }
}

async function scan(context: CommandContext, ask: ScanAsk, json: boolean): Promise<number> {
  const { io, stateDir, parts } = context
  const line = new ProgressLine(io)
  // A scan that is paused and goes on tells again what it has found.
  const detections = new Map<string, Detection>()
  const onNews = (value: unknown) => {
    if (!scanNews.Check(value)) return
    if (value.kind === 'progress') return line.show(value.progress)
    const text = detectionText(value.detection)
    if (detections.has(text)) return
    if (detections.size < MOST_DETECTIONS) detections.set(text, value.detection)
    line.clear()
    if (!json) io.stdout(text)
  }
  let answer: unknown
  try {
    answer = await askAgent({ stateDir, command: 'scan', args: ask, onNews, signal: io.stop })
  } catch (error) {
    line.clear()
    if (!io.stop.aborted) throw error
    throw new CommandError('The scan is not wanted any more; the agent ends it.', { cause: error })
  }
  line.clear()
  if (!scanEnd.Check(answer)) throw new CommandError('The agent gave no report: is it of another version?')
  io.stdout(
    json
      ? `${JSON.stringify({ ...answer, detections: [...detections.values()] }, null, 2)}\n`
      : scanReportText(answer, parts.clock.now()),
  )
  return exitOf(answer)
}

function askOf({ paths, full, quick, rescan, stop }: ScanArguments): ScanAsk {
  const kinds = [paths.length > 0, full, quick, stop].filter(Boolean).length
  if (kinds > 1 || (stop && rescan))
    throw new UsageError('Name paths to scan, or say --full, --quick or --stop: one of these.')
  if (paths.length > 100) throw new UsageError('One scan takes 100 paths at most.')
  return {
    scanType: paths.length > 0 ? 'Custom' : full ? 'Full' : 'Quick',
    paths: paths.map((path) => resolve(path)),
    rescan,
    requestor: whoAsks(),
  }
}

async function stopScans({ io, stateDir }: CommandContext): Promise<number> {
  const count = await askAgent({ stateDir, command: 'stopScans', args: { requestor: whoAsks() } })
  io.stdout(count === 0 ? 'No local scan runs or waits.\n' : `The agent ends ${count} local scan(s).\n`)
  return SCAN_EXIT.clean
}

function exitOf({ ending, report }: ScanEnd): number {
  if (report !== null && report.detections > 0) return SCAN_EXIT.found
  if (ending === 'clean') return SCAN_EXIT.clean
  return ending === 'nothingFound' ? SCAN_EXIT.notClean : SCAN_EXIT.notDone
}
