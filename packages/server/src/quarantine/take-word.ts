import type { KeptFile, TenantId } from '@fleetsweep/protocol'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { QuarantineTables } from './quarantine-row.ts'
import { noteQuarantined, noteRestored, type TellingMachine } from './quarantine-writes.ts'

/** What one machine can add without any scan or order. */
const MAX_BY_HAND = 10_000

type TakeWord = {
  kind: 'quarantine.takeWord'
  tenant: TenantId
  machine: TellingMachine
  files: readonly KeptFile[]
}

export const takeWordWrite = defineWrite<TakeWord, void>(
  'quarantine.takeWord',
  function* ({ tenant, machine, files }, context) {
    const byHand = files.filter((file) => file.byHand)
    let room = byHand.length === 0 ? 0 : MAX_BY_HAND - (yield* countByHand(tenant, machine, context))
    // The oldest first, as it happened.
    for (const { quarantineId: id, state, ...file } of files.toReversed()) {
      if (file.byHand && room > 0) {
        room -= 1
        const { path, threatName, sha256, sizeBytes } = file
        const taken = {
          id,
          path,
          threatName,
          sha256,
          sizeBytes,
          detectionId: null,
          cause: 'machine',
        } as const
        yield* noteQuarantined(tenant, machine, taken, context)
      }
      if (state === 'restored') yield* noteRestored(tenant, machine, id, context)
    }
  },
)

function* countByHand(
  tenant: TenantId,
  { machineId }: TellingMachine,
  { dialect }: WriteContext,
): WriteSteps<number> {
  const [row] = yield* run(
    tables<QuarantineTables>(dialect)
      .selectFrom('quarantined_file')
      .select((eb) => eb.fn.countAll().as('count'))
      .where('tenant', '=', tenant)
      .where('machine', '=', machineId)
      .where('cause', '=', 'machine'),
  )
  return Number(row?.count ?? 0)
}
