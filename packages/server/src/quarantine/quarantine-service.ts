import { isGuid, type MachineId, type QuarantineState, type TenantId } from '@fleetsweep/protocol'
import { type Cursor, cursorPage } from '../kit/cursor.ts'
import { notFound } from '../kit/http/index.ts'
import { present } from '../kit/present.ts'
import type { Principal } from '../principal/index.ts'
import type { QuarantineStore } from './quarantine-store.ts'
import type { StoredQuarantinedFile } from './quarantined-file.ts'

/** Files in quarantine as callers see them: only those on machines within reach are there. */
export type QuarantineService = {
  /** Newest first, a page at a time. */
  list(
    principal: Principal,
    query: {
      machineId?: MachineId | undefined
      state?: QuarantineState | undefined
      after?: Cursor | undefined
      limit: number
    },
  ): Promise<{ items: StoredQuarantinedFile[]; nextCursor: string | null }>

  /** @throws ApiError `ResourceNotFound` when unknown or out of reach */
  getFile(principal: Principal, id: string): Promise<StoredQuarantinedFile>
}

export function quarantineService(parts: {
  quarantineOf: (tenant: TenantId) => QuarantineStore
}): QuarantineService {
  return {
    async list({ tenant, reach }, { after, limit, ...filter }) {
      const from = after && { quarantinedAt: after.at, id: after.id }
      // One more than asked for tells whether there is a next page.
      const query = { ...present({ ...filter, after: from }), limit: limit + 1 }
      const rows = await parts.quarantineOf(tenant).list(query, reach)
      return cursorPage(
        rows,
        limit,
        ({ quarantinedAt, id }) => ({ at: quarantinedAt, id }),
        (file) => file,
      )
    },
    async getFile({ tenant, reach }, id) {
      const file = isGuid(id)
        ? await parts.quarantineOf(tenant).findWithin(id.toLowerCase(), reach)
        : undefined
      if (!file) throw notFound(`The quarantined file ${id}`)
      return file
    },
  }
}
