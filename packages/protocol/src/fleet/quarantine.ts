import { type Static, Type } from 'typebox'
import { FilePath } from '../scan/file-path.ts'

const NullableText = Type.Union([Type.String(), Type.Null()])

/** `failed`: it was to be given back and could not be; the machine may still keep it. */
export const QUARANTINE_STATES = ['quarantined', 'restored', 'failed'] as const
export type QuarantineState = (typeof QUARANTINE_STATES)[number]

/** Who had a file taken: the scan policy, somebody through this API, or somebody on the machine itself. */
export const QUARANTINE_CAUSES = ['policy', 'order', 'machine'] as const
export type QuarantineCause = (typeof QUARANTINE_CAUSES)[number]

/** A file that a machine keeps in its quarantine, or kept there, as the machine told. */
export const QuarantinedFile = Type.Object(
  {
    id: Type.String({ description: 'The same as on the machine.' }),
    machineId: Type.String(),
    computerDnsName: NullableText,
    state: Type.Enum(QUARANTINE_STATES),
    path: FilePath,
    threatName: Type.String(),
    sha256: NullableText,
    sizeBytes: Type.Integer({ minimum: 0 }),
    detectionId: NullableText,
    cause: Type.Enum(QUARANTINE_CAUSES),
    quarantinedAt: Type.String({ description: 'When the server learned of it.' }),
    restoredAt: NullableText,
    failure: Type.Union([Type.String(), Type.Null()], {
      description: 'Why it could not be given back; null unless the state is `failed`.',
    }),
  },
  { description: 'A file that a machine keeps, or kept, where nothing can run it.' },
)
export type QuarantinedFile = Static<typeof QuarantinedFile>

export const QuarantinedFileList = Type.Object({
  items: Type.Array(QuarantinedFile),
  nextCursor: NullableText,
})
export type QuarantinedFileList = Static<typeof QuarantinedFileList>
