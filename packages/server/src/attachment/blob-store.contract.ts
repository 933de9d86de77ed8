import { ATTACHMENT_PIECE_BYTES } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { actionId, machineId } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import type { Database } from '../kit/db/database.ts'
import type { TenantStores } from '../stores.ts'
import type { NewPiece } from './blob-store.ts'
import { appendPieceWrite } from './blob-store-sql.ts'

const MIB = ATTACHMENT_PIECE_BYTES
const quotas = { perScanBytes: 8 * MIB, perMachineBytes: 3 * MIB, perTenantBytes: 4 * MIB }
const bytes = (length: number, of: number) => new Uint8Array(length).fill(of)

export function describeBlobStore(kind: string, open: OpenBackend): void {
  describe(`attachments on ${kind}`, () => {
    const bed = useTestbed(open)
    const append = (stores: TenantStores, scan: number, given: Partial<NewPiece> = {}) =>
      stores.blobs.append({
        actionId: actionId(scan),
        machineId: machineId(1),
        sha256: 'a'.repeat(64),
        sizeBytes: MIB + 3,
        atByte: 0,
        content: bytes(MIB, 1),
        quotas,
        ...given,
      })
    const last = { atByte: MIB, content: bytes(3, 2) }
    const read = async (stores: TenantStores, scan: number) =>
      Buffer.concat(await Array.fromAsync(stores.blobs.read(actionId(scan))))

    it('come in pieces and are read as they came', async () => {
      const { ours } = await bed.twoTenants()
      expect(await ours.blobs.find(actionId(1))).toBeUndefined()
      expect(await append(ours, 1)).toEqual({ kind: 'stored', receivedBytes: MIB })
      expect(await append(ours, 1, last)).toEqual({ kind: 'stored', receivedBytes: MIB + 3 })
      expect((await read(ours, 1)).equals(Buffer.concat([bytes(MIB, 1), bytes(3, 2)]))).toBe(true)
      await ours.blobs.complete(actionId(1))
      expect(await ours.blobs.find(actionId(1))).toEqual({
        sha256: 'a'.repeat(64),
        sizeBytes: MIB + 3,
        receivedBytes: MIB + 3,
        isComplete: true,
      })
    })

    it('take each piece once, in order and at its full length', async () => {
      const { ours } = await bed.twoTenants()
      for (const wrong of [last, { content: bytes(5, 1) }, { content: bytes(0, 1) }]) {
        expect(await append(ours, 1, wrong)).toEqual({ kind: 'elsewhere', receivedBytes: 0 })
      }
      await append(ours, 1)
      expect(await append(ours, 1)).toEqual({ kind: 'elsewhere', receivedBytes: MIB })
      expect(await append(ours, 1, { ...last, content: bytes(4, 2) })).toMatchObject({ kind: 'elsewhere' })
      expect((await read(ours, 1)).length).toBe(MIB)
    })

    it('take no more than a machine and a tenant may have', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await append(ours, 1)
      await append(ours, 2)
      expect(await append(ours, 3)).toEqual({ kind: 'overQuota' })
      const other = { machineId: machineId(2) }
      expect(await append(ours, 3, { ...other, sizeBytes: 2 * MIB })).toMatchObject({ kind: 'overQuota' })
      expect(await append(ours, 3, other)).toMatchObject({ kind: 'stored' })
      expect(await bed.rows('attachment', tenant)).toHaveLength(3)
    })

    it('take no more than that when two nodes begin many at once', async () => {
      const { tenant } = await bed.twoTenants()
      await using other = await bed.openNode()
      const begin = (node: Database, scan: number) =>
        node.write(appendPieceWrite, {
          tenant,
          piece: {
            actionId: actionId(scan),
            machineId: machineId((scan % 6) + 1),
            sha256: 'a'.repeat(64),
            sizeBytes: MIB,
            atByte: 0,
            content: bytes(MIB, 1),
            quotas,
          },
        })
      const taken = await Promise.all(
        Array.from({ length: 12 }, (_, at) => begin(at % 2 === 0 ? bed.db : other, at + 10)),
      )
      expect(taken.filter(({ kind }) => kind === 'stored')).toHaveLength(4)
      expect(taken.filter(({ kind }) => kind === 'overQuota')).toHaveLength(8)
      expect(await bed.rows('attachment', tenant)).toHaveLength(4)
    })

    it('are sent anew after a reset, which takes away nothing that is complete', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await append(ours, 1)
      await ours.blobs.reset(actionId(1))
      expect(await ours.blobs.find(actionId(1))).toBeUndefined()
      expect(await bed.rows('attachment_piece', tenant)).toEqual([])
      await append(ours, 1, { sizeBytes: 3, content: bytes(3, 1) })
      await ours.blobs.complete(actionId(1))
      await ours.blobs.reset(actionId(1))
      expect(await ours.blobs.find(actionId(1))).toMatchObject({ isComplete: true })
    })

    it('are forgotten with their pieces when they are old', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await append(ours, 1)
      bed.clock.advance('1h')
      const before = bed.clock.now()
      await append(ours, 2)
      await bed.stores.oldAttachments.forget(before, 100)
      expect(await bed.rows('attachment', tenant)).toMatchObject([{ action: actionId(2) }])
      expect(await bed.rows('attachment_piece', tenant)).toMatchObject([{ action: actionId(2) }])
    })
  })
}
