/** A query option that cannot be read: where it went wrong and what would have been right there. */
export class ODataError extends Error {
  override readonly name = 'ODataError'
  /** Such as `$filter`. */
  readonly option: string
  /** Characters of the option's decoded value before the mistake; absent where the option was never text. */
  readonly position: number | undefined
  readonly expected: string

  constructor(option: string, position: number | undefined, expected: string, found: string) {
    const at = position === undefined ? '' : ` at position ${position}`
    super(`${option}: expected ${expected}${at}, found ${found}`)
    this.option = option
    this.position = position
    this.expected = expected
  }
}
