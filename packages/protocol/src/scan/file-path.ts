import { type Static, Type } from 'typebox'
import { Base64Text } from '../ids.ts'

/**
 * A file path as the operating system holds it: bytes. `text` is safe to show anywhere: control characters, bytes
 * that are not UTF-8 and backslashes are written as `\xNN` (`\\` for a backslash). `base64` holds the exact bytes whenever `text` is
 * not simply those bytes read as UTF-8.
 */
export const FilePath = Type.Object({
  text: Type.String({ maxLength: 65_536 }),
  base64: Type.Optional(Base64Text),
})
export type FilePath = Static<typeof FilePath>
