import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Identity } from '../enrollment/identity.ts'
import { readIdentity } from '../enrollment/identity-file.ts'
import { journalPath } from '../journal/journal-file.ts'
import { type RecentScan, recentScans } from '../journal/recent-scans.ts'
import { isStateLocked } from '../os/state-lock.ts'
import type { AgentStatus } from '../status/agent-status.ts'
import { readStatusFile } from '../status/status-file.ts'
import { type Overview, statusJson, statusText } from '../status/status-text.ts'
import { type CommandContext, CommandError } from './program.ts'

const RECENT_SCANS = 5

/** `fleetsweep-agent status`: what this machine is, does and did last. */
export async function runStatusCommand(context: CommandContext, args: { json: boolean }): Promise<void> {
  const { io, host, parts, stateDir } = context
  const now = parts.clock.now()
  try {
    const stored = await readIdentity(stateDir, host)
    const identity: Identity | undefined = stored.kind === 'enrolled' ? stored.identity : undefined
    const overview: Overview = {
      stateDir,
      identity,
      problem:
        stored.kind === 'unusable'
          ? stored.reason
          : stored.kind === 'foreign'
            ? foreign(stateDir)
            : undefined,
      running: runningStatus(stateDir),
      recent: readRecentScans(stateDir),
    }
    io.stdout(
      args.json ? `${JSON.stringify(statusJson(overview, now), null, 2)}\n` : statusText(overview, now),
    )
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EACCES')) throw cause
    throw new CommandError(`${stateDir} is not yours to read. Ask as the user who runs the agent.`, { cause })
  }
}

function runningStatus(stateDir: string): AgentStatus | 'silent' | undefined {
  return isStateLocked(stateDir) ? (readStatusFile(stateDir) ?? 'silent') : undefined
}

function readRecentScans(stateDir: string): RecentScan[] {
  const path = journalPath(stateDir)
  if (!existsSync(path)) return []
  using database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 })
  return recentScans(database, RECENT_SCANS)
}

function foreign(stateDir: string): string {
  return (
    `The identity in ${stateDir} was made on another machine and is not used. ` +
    'Enroll this one anew with: fleetsweep-agent enroll --server URL --token TOKEN'
  )
}
