/** A query option that cannot be read: where it went wrong and what would have been right there. */
export class ODataError extends Error {
  override readonly name = 'ODataError'
  /** Such as `$filter`. */
  readonly option: string
  /** Characters of the option's decoded value before the mistake. */
  readonly position: number
  readonly expected: string

  constructor(option: string, position: number, expected: string, found: string) {
    super(`${option}: expected ${expected} at position ${position}, found ${found}`)
    this.option = option
    this.position = position
    this.expected = expected
  }
}
