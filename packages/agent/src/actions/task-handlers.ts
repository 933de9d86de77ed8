import { type FilePath, renderFilePath } from '@fleetsweep/protocol'
import type { AgentPolicy } from '../config/agent-config.ts'
import { pathOf, type QuarantineDesk, type QuarantineRecord } from '../quarantine/index.ts'
import type { TaskHandlers, TaskOutcome } from './task-queue.ts'

export type TaskHandlerParts = {
  quarantine: QuarantineDesk
  policy: Pick<AgentPolicy, 'allowedPaths'>
  /** Absent where the agent leaves the signatures to others. */
  updateSignatures?: TaskHandlers['updateSignatures']
}

/** What this machine does of what may be ordered beside scans, within its own policy. */
export function createTaskHandlers({
  quarantine,
  policy,
  updateSignatures = async () => failed('The signatures of this machine are not kept by its agent.'),
}: TaskHandlerParts): TaskHandlers {
  return {
    async quarantine({ actionId, path, sha256, threatName, requestor }, { isRepeated }) {
      if ('unavailable' in quarantine) return failed(quarantine.unavailable)
      const bytes = bytesOf(path)
      if (!isWithin(bytes, policy.allowedPaths))
        return failed('The policy of this machine does not allow the path.')
      const before = isRepeated && quarantine.list().find((record) => record.actionId === actionId)
      if (before && before.stage === 'quarantined') return taken(before)
      const request = { path: bytes, sha256, threatName, actionId, takenBy: requestor }
      const outcome = await quarantine.take(request)
      return outcome.kind === 'quarantined' ? taken(outcome.record) : failed(outcome.why)
    },
    async restore({ quarantineId }, { isRepeated }) {
      if ('unavailable' in quarantine) return failed(quarantine.unavailable)
      const id = quarantineId.toLowerCase()
      const before = isRepeated && quarantine.list().find((record) => record.id === id)
      if (before && before.stage === 'restored') return restored(before, [])
      const outcome = await quarantine.restore({ id })
      return outcome.kind === 'restored' ? restored(outcome.record, outcome.missing) : failed(outcome.why)
    },
    updateSignatures,
  }
}

function taken({ id, otherNames }: QuarantineRecord): TaskOutcome {
  const rest = otherNames > 0 ? ` It has ${otherNames} more names, where it still is.` : ''
  return { kind: 'done', sentence: `The file is in quarantine.${rest}`, quarantineId: id }
}

function restored(record: QuarantineRecord, missing: readonly string[]): TaskOutcome {
  const place = renderFilePath(pathOf(record)).text
  const lost = missing.length > 0 ? ` The system did not take back: ${missing.join(', ')}.` : ''
  return { kind: 'done', sentence: shorten(`The file is back at ${place}.${lost}`) }
}

function failed(reason: string): TaskOutcome {
  return { kind: 'failed', reason: shorten(reason) }
}

function shorten(sentence: string): string {
  return sentence.length > 1_000 ? `${sentence.slice(0, 999)}…` : sentence
}

function bytesOf({ text, base64 }: FilePath): Buffer {
  return base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64')
}

/** No link is followed on the way to a file that is taken, so its path is where it is; `..` is no way out. */
function isWithin(path: Buffer, allowed: readonly string[] | undefined): boolean {
  if (allowed === undefined) return true
  const text = path.toString('latin1')
  if (text.split('/').includes('..')) return false
  return allowed.some((folder) => {
    const prefix = Buffer.from(folder.replace(/\/+$/, '')).toString('latin1')
    return text.startsWith(`${prefix}/`)
  })
}
