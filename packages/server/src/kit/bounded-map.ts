/**
 * A map of at most `maximum` entries that forgets what was not used for long: the half of them used last stays in any
 * case. It ages by halves, because to take an entry out and put it back at every use would leave a trail of tables
 * behind that costs the garbage collector more than the look-up.
 */
export class BoundedMap<Key, Value> {
  readonly #half: number
  #young = new Map<Key, Value>()
  #old = new Map<Key, Value>()

  constructor(maximum: number) {
    this.#half = Math.max(1, Math.floor(maximum / 2))
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Finds an entry and counts that as a use. */
  get(key: Key): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  /** Finds an entry without counting that as a use. */
  peek(key: Key): Value | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  set(key: Key, value: Value): void {
    this.#old.delete(key)
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }

  delete(key: Key): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }
}
