import { type Static, Type } from 'typebox'
import { Sha256Text } from '../ids.ts'

/** The signatures that judged a scan. */
export const SignatureSet = Type.Object({
  official: Type.Boolean({
    description: "True when the set holds the engine maker's official, signed databases.",
  }),
  version: Type.Union([Type.String({ maxLength: 64 }), Type.Null()], {
    description: 'The maker\'s version, such as "27500"; null for a set without one.',
  }),
  builtAt: Type.Union([Type.String({ maxLength: 32 }), Type.Null()], {
    description: 'When the maker built it, ISO 8601; null when the set does not say.',
  }),
  count: Type.Integer({ minimum: 0 }),
  /** SHA-256 over names and contents of the files: two sets with one identity judge alike. */
  identity: Sha256Text,
})
export type SignatureSet = Static<typeof SignatureSet>

/** An official set older than this no longer allows the word "clean". */
export const SIGNATURES_OLD_AFTER_DAYS = 7
