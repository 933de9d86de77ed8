import { type HistoryItem, readHistory } from '../local-log/index.ts'
import { safeText } from '../status/words.ts'
import { type CommandContext, UsageError } from './program.ts'
import { requireState } from './require-state.ts'

const USUAL_LIMIT = 20

/** `fleetsweep-agent history`: what this machine was asked, by whom, and what came of it; the newest first. */
export async function runHistoryCommand(
  { io, stateDir }: CommandContext,
  { json, limit }: { json: boolean; limit: string | undefined },
): Promise<void> {
  const most = limit === undefined ? USUAL_LIMIT : Number(limit)
  if (!Number.isInteger(most) || most < 1)
    throw new UsageError('Say how many: --limit takes a whole number from 1.')
  requireState(stateDir)
  const items = readHistory(stateDir, most)
  if (json) io.stdout(`${JSON.stringify(items, null, 2)}\n`)
  else if (items.length === 0) io.stdout('Nothing was asked of this machine yet.\n')
  else io.stdout(`${items.map(itemText).join('\n')}`)
}

const SHOWN_SUBJECTS = 3
const SHOWN_DETECTIONS = 5

function itemText({ actionId, asked, stops, found, ended }: HistoryItem): string {
  const at = (asked ?? ended ?? stops[0])?.at ?? ''
  const lines = [
    `${moment(at)}  ${asked === null ? 'asked for before this log begins' : askedWords(asked)}`,
    ...(asked?.comment ? [`  comment   ${safeText(asked.comment)}`] : []),
    ...stops.map((stop) => `  stop      ${moment(stop.at)}${byWords(stop)}`),
    ...found
      .slice(0, SHOWN_DETECTIONS)
      .map(
        ({ threatName, path, disposition }) =>
          `  found     ${safeText(threatName)}  ${safeText(path)} (${disposition})`,
      ),
    ...(found.length > SHOWN_DETECTIONS ? [`  found     and ${found.length - SHOWN_DETECTIONS} more`] : []),
    ended === null
      ? '  result    has not ended'
      : `  result    ${moment(ended.at)}, ${ended.ending === 'failed' ? 'failed: ' : ''}${safeText(ended.sentence)}`,
    `  id        ${actionId}`,
  ]
  return `${lines.join('\n')}\n`
}

function askedWords({
  verb,
  scanType,
  subjects,
  subjectCount,
  origin,
  requestor,
}: NonNullable<HistoryItem['asked']>): string {
  const shown = subjects.slice(0, SHOWN_SUBJECTS).map(safeText)
  const more = subjectCount > shown.length ? [`and ${subjectCount - shown.length} more`] : []
  const what = [scanType ? `${scanType} ${verb}` : verb, ...shown, ...more].join(' ')
  return `${what}${byWords({ origin, requestor })}`
}

function byWords({
  origin,
  requestor,
}: Pick<NonNullable<HistoryItem['asked']>, 'origin' | 'requestor'>): string {
  const who = requestor === null ? '' : ` by ${safeText(requestor)}`
  return `${who}, ${origin === 'server' ? 'ordered by the server' : 'asked for on this machine'}`
}

function moment(at: string): string {
  return `${at.slice(0, 19).replace('T', ' ')}Z`
}
