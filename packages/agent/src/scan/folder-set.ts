const FIRST_SLOTS = 1024
/** 2^64 divided by the golden ratio: spreads numbers that follow each other. */
const SPREAD = 0x9e37_79b9_7f4a_7c15n

/** Folders by device and inode number; 16 to 32 bytes each, so that millions of them fit into memory. */
export class FolderSet {
  readonly #byDevice = new Map<bigint, InodeSet>()

  /** @returns false when it was in the set already */
  add(folder: { dev: bigint; ino: bigint }): boolean {
    const inodes = this.#byDevice.get(folder.dev) ?? new InodeSet()
    this.#byDevice.set(folder.dev, inodes)
    return inodes.add(folder.ino)
  }
}

/** Open addressing, never more than half full; an empty slot holds 0. */
class InodeSet {
  #slots = new BigUint64Array(FIRST_SLOTS)
  #size = 0
  #hasZero = false

  add(ino: bigint): boolean {
    if (ino === 0n) {
      const isNew = !this.#hasZero
      this.#hasZero = true
      return isNew
    }
    const slot = this.#slotOf(ino)
    if (this.#slots[slot] === ino) return false
    this.#slots[slot] = ino
    this.#size++
    if (this.#size * 2 > this.#slots.length) this.#grow()
    return true
  }

  /** Where a number is, or would be. */
  #slotOf(ino: bigint): number {
    const last = this.#slots.length - 1
    let slot = Number(BigInt.asUintN(64, ino * SPREAD) >> 32n) & last
    while (this.#slots[slot] !== 0n && this.#slots[slot] !== ino) slot = (slot + 1) & last
    return slot
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new BigUint64Array(before.length * 2)
    for (const ino of before) if (ino !== 0n) this.#slots[this.#slotOf(ino)] = ino
  }
}
