import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  type AttachmentState,
  isGuid,
  MACHINE_SCHEME,
  type MachineActionId,
  type MachineId,
  readMachineActionId,
  readMachineId,
  type ScanReport,
  type TenantId,
} from '@fleetsweep/protocol'
import { isSignedBy } from '../kit/ed25519.ts'
import { ApiError, notFound } from '../kit/http/index.ts'
import type { MachineStore } from '../machine/index.ts'
import type { MachineActionStore } from '../machine-action/index.ts'
import type { Principal } from '../principal/index.ts'
import type { ScanRecord, ScanStore } from '../scan/index.ts'
import type { TenantStore } from '../tenant/index.ts'
import type { AttachmentQuotas, BlobStore } from './blob-store.ts'

/** What a machine names when it asks or sends, all of it text from outside. */
export type AttachmentCall = {
  tenantId: string
  machineId: string
  actionId: string
  sha256: string
  authorization: string | undefined
}

/** The lists of what scans left out, too long for a report. */
export type AttachmentService = {
  /** How far an attachment is. @throws ApiError `Unauthorized` unless the machine itself asks */
  state(call: AttachmentCall): Promise<AttachmentState>
  /** Takes a piece. @throws ApiError as of `state` */
  take(call: AttachmentCall, offset: number, content: Uint8Array): Promise<AttachmentState>
  /** A whole list, as its machine sent it. @throws ApiError `ResourceNotFound` with the reason when there is none within reach */
  open(principal: Principal, actionId: string): Promise<Readable>
}

type TenantPart = {
  blobs: BlobStore
  machines: Pick<MachineStore, 'find'>
  machineActions: Pick<MachineActionStore, 'findWithin'>
  scans: Pick<ScanStore, 'find'>
}

type List = NonNullable<ScanReport['notScannedList']>
type Known = { actionId: MachineActionId; machineId: MachineId; stores: TenantPart; list: List }

export function attachmentService(parts: {
  tenants: Pick<TenantStore, 'find'>
  storesOf: (tenant: TenantId) => TenantPart
  serverId: string
  quotas: AttachmentQuotas
}): AttachmentService {
  const { tenants, storesOf, serverId, quotas } = parts

  /** @returns what is to be sent, or the answer when nothing is */
  const admit = async (call: AttachmentCall): Promise<Known | AttachmentState> => {
    const { tenantId, machineId: machineText, actionId: actionText, sha256, authorization } = call
    const signature = authorization?.startsWith(`${MACHINE_SCHEME} `)
      ? authorization.slice(MACHINE_SCHEME.length + 1)
      : undefined
    const tenant = isGuid(tenantId) ? await tenants.find(tenantId) : undefined
    const [machineId, actionId] = [readMachineId(machineText), readMachineActionId(actionText)]
    if (!tenant || !machineId || !actionId || signature === undefined) throw notTheMachine()
    const stores = storesOf(tenant.id)
    const machine = await stores.machines.find(machineId)
    const fields = [serverId, tenantId, machineText, actionText, sha256]
    if (!machine || !isSignedBy(machine.publicKey, 'fleetsweep.agent.v1/attachment', fields, signature)) {
      throw notTheMachine()
    }
    const scan = await stores.scans.find(actionId)
    if (!scan || scan.machineId !== machineId) return unwanted
    if (scan.endedAt === null) return { state: 'unreported', receivedBytes: 0 }
    const list = scan.report?.notScannedList
    if (!list || list.sha256 !== sha256 || list.bytes === 0 || list.bytes > quotas.perScanBytes)
      return unwanted
    return { actionId, machineId, stores, list }
  }

  /** Checks the hash once everything is there; what is wrong is taken away, to be sent anew. */
  const settle = async ({ actionId, stores, list }: Known): Promise<AttachmentState> => {
    const found = await stores.blobs.find(actionId)
    if (!found) return { state: 'wanted', receivedBytes: 0 }
    if (found.isComplete) return { state: 'complete', receivedBytes: found.sizeBytes }
    if (found.receivedBytes < list.bytes) return { state: 'wanted', receivedBytes: found.receivedBytes }
    const hash = createHash('sha256')
    for await (const piece of stores.blobs.read(actionId)) hash.update(piece)
    if (hash.digest('hex') === list.sha256) {
      await stores.blobs.complete(actionId)
      return { state: 'complete', receivedBytes: list.bytes }
    }
    await stores.blobs.reset(actionId)
    return { state: 'wanted', receivedBytes: 0 }
  }

  return {
    async state(call) {
      const known = await admit(call)
      return 'state' in known ? known : settle(known)
    },
    async take(call, atByte, content) {
      const known = await admit(call)
      if ('state' in known) return known
      const { actionId, machineId, stores, list } = known
      const taken = await stores.blobs.append({
        actionId,
        machineId,
        sha256: list.sha256,
        sizeBytes: list.bytes,
        atByte,
        content,
        quotas,
      })
      return taken.kind === 'overQuota' ? unwanted : settle(known)
    },
    async open(principal, text) {
      const id = readMachineActionId(text)
      const stores = storesOf(principal.tenant)
      const action = id && (await stores.machineActions.findWithin(id, principal.reach))
      const scan = action && (await stores.scans.find(action.id))
      if (!action || !scan) throw notFound(`The scan ${text}`)
      const found = await stores.blobs.find(action.id)
      if (!found?.isComplete) {
        const why = whyMissing(scan, found?.receivedBytes ?? 0, quotas)
        throw new ApiError('ResourceNotFound', `There is no list of what the scan left out: ${why}`)
      }
      return Readable.from(stores.blobs.read(action.id), { objectMode: false })
    },
  }
}

const unwanted: AttachmentState = { state: 'unwanted', receivedBytes: 0 }

function whyMissing(
  { endedAt, report }: Pick<ScanRecord, 'endedAt' | 'report'>,
  receivedBytes: number,
  { perScanBytes }: AttachmentQuotas,
): string {
  if (endedAt === null) return 'the scan has not ended'
  const list = report?.notScannedList
  if (!list || list.bytes === 0) return 'its report names none'
  if (list.bytes > perScanBytes)
    return `it has ${list.bytes} bytes, more than the ${perScanBytes} that are kept of one scan; the report has examples`
  return `${receivedBytes} of ${list.bytes} bytes have come from the machine. What is older than its time or goes beyond what is kept of one machine is dropped; the report has examples`
}

/** Says nothing of what is there and what is not. */
function notTheMachine(): ApiError {
  return new ApiError('Unauthorized', 'This needs the signature of the machine that it is about')
}
