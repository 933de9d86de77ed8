import { type Static, Type } from 'typebox'

/** Pieces of an attachment are as long as this, but for the last. */
export const ATTACHMENT_PIECE_BYTES = 1024 * 1024

/** `Authorization: FleetsweepMachine <signature, base64>`. */
export const MACHINE_SCHEME = 'FleetsweepMachine'

/** Where a machine sends the list of files that a scan did not scan, named by its hash. */
export function attachmentPath(of: {
  tenant: string
  machineId: string
  actionId: string
  sha256: string
}): string {
  return `/fleet/v1/agent/attachments/${of.tenant}/${of.machineId}/${of.actionId}/${of.sha256}`
}

export const ATTACHMENT_STATES = ['wanted', 'complete', 'unreported', 'unwanted'] as const

/** How far an attachment is, after whatever was sent. */
export const AttachmentState = Type.Object({
  /**
   * `unreported`: the server has not read the report that names it yet; ask again later. `unwanted`: it never wants it;
   * drop it. `complete`: it has it all, and the hash is right.
   */
  state: Type.Enum(ATTACHMENT_STATES),
  receivedBytes: Type.Integer({
    minimum: 0,
    description: 'Where the next piece begins. A piece that begins elsewhere changes nothing.',
  }),
})
export type AttachmentState = Static<typeof AttachmentState>
