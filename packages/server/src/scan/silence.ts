import { addMs, formatInstant, type Instant, type TenantId } from '@fleetsweep/protocol'
import { tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { readProgress, type ScanTables } from './scan-row.ts'

/** How long a scan under way may be silent before it ends as `TimeOut`. */
export type AllowedSilence = {
  silenceMs: number
  /** Of one that goes on where it was, once its machine is back. As the other when absent, and never less. */
  checkpointSilenceMs?: number
}

/** Until when a scan may be silent that was heard of now. */
export function silentUntil(
  now: Instant,
  { silenceMs, checkpointSilenceMs = silenceMs }: AllowedSilence,
  hasCheckpoint: boolean,
): Instant {
  return addMs(now, hasCheckpoint ? Math.max(silenceMs, checkpointSilenceMs) : silenceMs)
}

type MachineTables = { machine: { tenant: string; id: string; last_seen: number } }

/** What is known of a scan whose machine took it and fell silent, in one sentence for people and playbooks. */
export function* describeSilence(
  tenant: TenantId,
  action: { id: string; machineId: string },
  { dialect }: WriteContext,
): WriteSteps<string> {
  const [scan] = yield* run(
    tables<ScanTables>(dialect)
      .selectFrom('scan')
      .select(['progress', 'checkpoint_at'])
      .where('tenant', '=', tenant)
      .where('action', '=', action.id),
  )
  const [machine] = yield* run(
    tables<MachineTables>(dialect)
      .selectFrom('machine')
      .select('last_seen')
      .where('tenant', '=', tenant)
      .where('id', '=', action.machineId),
  )
  if (!scan || scan.checkpoint_at === null || !machine) {
    return 'The machine took the scan, then was not heard of in time.'
  }
  const since = formatInstant(machine.last_seen as Instant)
  const progress = scan.progress === null ? undefined : readProgress(scan.progress)
  const far =
    progress && `; it had done ${counted(progress.filesDone)} of ${counted(progress.filesTotal)} files`
  return `The machine began the scan and was not heard of since ${since}${far ?? ''}.`
}

function counted(n: number): string {
  return n.toLocaleString('en-US')
}
