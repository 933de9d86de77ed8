import { type Static, Type } from 'typebox'
import { Guid, Sha256Text } from '../ids.ts'
import { FilePath } from './file-path.ts'

/** One threat that an engine found in one place. */
export const Detection = Type.Object({
  threatName: Type.String({
    minLength: 1,
    maxLength: 512,
    description: 'As the engine names it, such as `Eicar-Test-Signature`.',
  }),
  path: FilePath,
  innerPath: Type.Union([FilePath, Type.Null()], {
    description: 'Path inside an archive, where the engine says it.',
  }),
  sha256: Type.Union([Sha256Text, Type.Null()], {
    description: 'Of the whole file; null when it could not be read again.',
  }),
  sizeBytes: Type.Integer({ minimum: 0 }),
  owner: Type.Union([Type.String({ maxLength: 256 }), Type.Null()], {
    description:
      'User name where the machine knows one, else the number as text; null where files have no owner.',
  }),
  modifiedAt: Type.Union([Type.String({ maxLength: 40 }), Type.Null()], {
    description: "By the machine's own clock, ISO 8601.",
  }),
  changedAt: Type.Union([Type.String({ maxLength: 40 }), Type.Null()]),
  disposition: Type.Union([Type.Literal('reported'), Type.Literal('quarantined')]),
  quarantineId: Type.Optional({
    ...Guid,
    description: 'Under which the machine keeps a quarantined file; absent for one that is not.',
  }),
  dispositionReason: Type.Optional(
    Type.String({
      maxLength: 512,
      description: 'Why a file that was to be quarantined was not, or what is left of it elsewhere.',
    }),
  ),
})
export type Detection = Static<typeof Detection>
