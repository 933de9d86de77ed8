import type { AuditFinding, NotedHead, TenantId } from '@fleetsweep/protocol'
import { CHAIN_START, hashEntry } from './audit-chain.ts'
import type { AuditHead, SealedAuditEntry } from './audit-entry.ts'

/** More than anybody reads; the rest is counted. */
const MAX_FINDINGS = 100

/** How far entries are looked for from where they should be: whoever puts in or takes out more is found all the same. */
const SHIFTS = [1, -1, 2, -2, 3, -3, 4, -4]

/** A place in the chain as it was read. `entry` is undefined for its beginning. */
type Link = { position: number; hash: string; entry?: SealedAuditEntry; finding?: AuditFinding | undefined }

/**
 * Walks along a chain, entry by entry and head by head, and names what is not as it was sealed.
 *
 * An entry fits when its hash is that of itself, at its place, after the hash of the entry before. Where one does not,
 * its neighbours tell what happened: whether it was changed, put in, or stands elsewhere than it did.
 */
export class ChainCheck {
  readonly #tenant: TenantId
  readonly #isSigned: (head: AuditHead) => boolean
  readonly #noted: NotedHead | undefined
  #last: Link = CHAIN_START
  #beforeLast: Link | undefined
  /** By how much entries stand further back than they were sealed: 1 after one was put in, -1 after one was taken out. */
  #shift = 0
  #entries = 0
  #newestHead: AuditHead | undefined
  #lastGoodHead = 0
  #isRewritten = false
  #cutOff: AuditFinding | undefined
  #wasNotedSeen = false
  #findings: AuditFinding[] = []
  #leftOff = 0

  constructor(
    tenant: TenantId,
    isSigned: (head: AuditHead) => boolean,
    noted: NotedHead | undefined = undefined,
  ) {
    this.#tenant = tenant
    this.#isSigned = isSigned
    this.#noted = noted
  }

  /** The place in the chain, as it was sealed, that the walk has come to. */
  get position(): number {
    return this.#last.position - this.#shift
  }

  /** The next entry, by place and id. */
  takeEntry(entry: SealedAuditEntry): void {
    this.#entries += 1
    const { position } = entry
    const expected = this.#last.position + 1
    if (position < expected) {
      this.#takeSecond(entry)
      return
    }
    const link: Link = { position, hash: entry.hash, entry }
    if (position > expected) {
      const sentence = `${entries(expected, position - 1)} missing; so entry ${shown(entry.id)} at ${position} cannot be checked.`
      this.#find('missing', expected, position - 1, null, sentence)
    } else if (!this.#fits(this.#last.hash, entry)) this.#explain(link, entry)
    this.#step(link)
  }

  /** The next head; call it once `position` has come to the head's, or when there are no more entries. */
  takeHead(head: AuditHead): void {
    const { position } = head
    if (!this.#isSigned(head)) {
      const sentence = `The head at ${position} does not bear this server's signature.`
      this.#find('forgedHead', position, position, null, sentence)
      return
    }
    this.#newestHead = head
    // Where some were put in, the last ones stand beyond the head, and that is found by itself.
    if (position > Math.max(this.position, this.#last.position)) {
      const from = this.position + 1
      const sentence = `${entries(from, position)} missing at the end: a signed head says that there were ${position}.`
      if (this.#cutOff) this.#rename(this.#cutOff, 'cutOff', sentence, position)
      else this.#cutOff = this.#find('cutOff', from, position, null, sentence)
    } else if (position === this.position && !this.#last.finding) {
      if (this.#last.hash === head.hash) this.#lastGoodHead = position
      else this.#rewritten(position)
    }
  }

  /** Ends the walk. `beyond`: places after the newest head, which nobody signed. */
  finish(beyond: { from: number; through: number } | undefined) {
    if (beyond) {
      const sentence = `${entries(beyond.from, beyond.through)} in the chain after its last head, and nobody signed that.`
      this.#find('notSigned', beyond.from, beyond.through, null, sentence)
    }
    if (this.#noted && !this.#wasNotedSeen) {
      const { position } = this.#noted
      const sentence = `The noted head at ${position} is not part of this chain: it has no such place any more.`
      this.#find('notTheNotedHead', position, position, null, sentence)
    }
    return {
      isIntact: this.#findings.length === 0,
      entries: this.#entries,
      head: this.#newestHead,
      findings: this.#findings,
      findingsLeftOff: this.#leftOff,
    }
  }

  /** Two entries claim one place: the one that does not fit was put in. */
  #takeSecond(entry: SealedAuditEntry): void {
    const first = this.#last
    const fits = this.#beforeLast !== undefined && this.#fits(this.#beforeLast.hash, entry)
    if (first.finding && first.entry && fits) {
      this.#rename(first.finding, 'inserted', putIn(first.entry))
      this.#last = { position: entry.position, hash: entry.hash, entry }
    } else this.#find('inserted', entry.position, entry.position, entry.id, putIn(entry))
  }

  /** Says why an entry does not fit, by whether it or the one before it would elsewhere. */
  #explain(link: Link, entry: SealedAuditEntry): void {
    const before = this.#last
    const changed = before.finding?.kind === 'changed' ? before.finding : undefined
    if (before.entry && this.#beforeLast && this.#fits(this.#beforeLast.hash, entry, this.#shift + 1)) {
      const { id, position } = before.entry
      if (changed && this.#fits(entry.hash, before.entry, this.#shift - 1)) {
        const sentence = `The entries ${shown(id)} and ${shown(entry.id)} have changed places.`
        this.#rename(changed, 'swapped', sentence, position + 1)
        // As it was sealed: this one first. What comes next follows the other.
        this.#last = { ...link, position }
        Object.assign(link, { hash: before.hash, entry: before.entry })
      } else {
        if (changed) this.#rename(changed, 'inserted', putIn(before.entry))
        else this.#find('inserted', position, position, id, putIn(before.entry))
        this.#shift += 1
      }
      return
    }
    const shift = SHIFTS.find((by) => this.#fits(before.hash, entry, this.#shift + by))
    if (shift !== undefined) {
      this.#shift += shift
      this.#moved(link.position, entry, shift, changed)
      return
    }
    link.finding = this.#changed(entry)
  }

  #moved(position: number, { id }: SealedAuditEntry, by: number, changed: AuditFinding | undefined): void {
    if (by < 0 && changed) {
      // What comes after a gap fits nothing before it; that it was followed shows that it is no other.
      const sentence = `${-by} before the entry at ${changed.from} were taken out, and what follows was moved up.`
      this.#rename(changed, 'missing', sentence)
      changed.entryId = null
      return
    }
    const where = by > 0 ? 'further back' : 'further ahead'
    const sentence = `From entry ${shown(id)} at ${position} on, entries stand ${Math.abs(by)} ${where} than they were sealed.`
    this.#find('moved', position, position, id, sentence)
  }

  #changed({ id, position }: SealedAuditEntry): AuditFinding {
    const sentence = `Entry ${shown(id)} at ${position} is not what was sealed: it was changed, or the one before it was, with its hash.`
    return this.#find('changed', position, position, id, sentence)
  }

  #rewritten(position: number): void {
    // Every later head then says the same.
    if (this.#isRewritten) return
    this.#isRewritten = true
    const from = this.#lastGoodHead + 1
    const sentence = `${entries(from, position)} not what was signed: they were rewritten, hashes and all.`
    this.#find('rewritten', from, position, null, sentence)
  }

  #step(link: Link): void {
    this.#beforeLast = this.#last
    this.#last = link
    if (this.#noted?.position !== this.position) return
    this.#wasNotedSeen = true
    if (this.#noted.hash === link.hash) return
    const { position } = this.#noted
    const sentence = `The chain has another hash at ${position} than the noted head: it was rewritten up to there.`
    this.#find('notTheNotedHead', position, position, link.entry?.id ?? null, sentence)
  }

  /** True when the entry's own hash is that of it, after this hash, at the place that it had before any shift. */
  #fits(previousHash: string, entry: SealedAuditEntry, shift = this.#shift): boolean {
    return hashEntry(this.#tenant, previousHash, entry.position - shift, entry) === entry.hash
  }

  #find(
    kind: AuditFinding['kind'],
    from: number,
    through: number,
    entryId: string | null,
    sentence: string,
  ): AuditFinding {
    const finding: AuditFinding = { kind, from, through, entryId, sentence }
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push(finding)
    else this.#leftOff += 1
    return finding
  }

  #rename(finding: AuditFinding, kind: AuditFinding['kind'], sentence: string, through = finding.through) {
    Object.assign(finding, { kind, sentence, through })
  }
}

function putIn({ id, position }: SealedAuditEntry): string {
  return `Entry ${shown(id)} at ${position} was put in after the chain was sealed.`
}

/** Such as `Entry 7 is`, `Entries 7 to 9 are`. */
function entries(from: number, through: number): string {
  return from === through ? `Entry ${from} is` : `Entries ${from} to ${through} are`
}

/** Ids are ours, unless somebody wrote one to fool whoever reads it on a terminal. */
function shown(id: string): string {
  return /^[\w-]{1,64}$/.test(id) ? id : 'with an id that was never given'
}
