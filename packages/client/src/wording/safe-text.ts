// Controls (C0, DEL, C1), marks that turn the direction of writing, invisible joiners, line separators, lone surrogates.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what this is for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu

/**
 * Makes text from outside (machine names, paths, threat names) safe to print: what could move the cursor, hide or
 * reorder other text is written as `\u{…}`.
 */
export function safeText(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
