import { formatInstant, type QuarantinedFile } from '@fleetsweep/protocol'
import type { StoredQuarantinedFile } from './quarantined-file.ts'

/** A file in quarantine as the Fleet API shows it. */
export function showQuarantinedFile({
  quarantinedAt,
  restoredAt,
  ...file
}: StoredQuarantinedFile): QuarantinedFile {
  return {
    ...file,
    quarantinedAt: formatInstant(quarantinedAt),
    restoredAt: restoredAt === null ? null : formatInstant(restoredAt),
  }
}
