import { type Static, Type } from 'typebox'
import { Sha256Text } from '../ids.ts'
import { FilePath } from './file-path.ts'

/** One threat that an engine found in one place. */
export const Detection = Type.Object({
  /** As the engine names it, such as `Eicar-Test-Signature`. */
  threatName: Type.String({ minLength: 1, maxLength: 512 }),
  path: FilePath,
  /** Path inside an archive, where the engine says it. */
  innerPath: Type.Union([FilePath, Type.Null()]),
  /** Of the whole file; null when it could not be read again. */
  sha256: Type.Union([Sha256Text, Type.Null()]),
  sizeBytes: Type.Integer({ minimum: 0 }),
  /** User name where the machine knows one, else the number as text; null where files have no owner. */
  owner: Type.Union([Type.String({ maxLength: 256 }), Type.Null()]),
  /** By the machine's own clock, ISO 8601. */
  modifiedAt: Type.Union([Type.String({ maxLength: 40 }), Type.Null()]),
  changedAt: Type.Union([Type.String({ maxLength: 40 }), Type.Null()]),
  disposition: Type.Union([Type.Literal('reported'), Type.Literal('quarantined')]),
})
export type Detection = Static<typeof Detection>
