import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Argument, SystemCall } from './system-call.ts'

/** The calls that change files, that make changes durable, and that talk to others. */
export const TRACED_CALLS = [
  'openat,lseek,write,writev,pwrite64,pwritev,ftruncate,fsync,fdatasync',
  'rename,renameat,renameat2,unlink,unlinkat,sendto,sendmsg',
].join(',')

/** What a file holds, change after change, whatever name it has. */
type Inode = {
  readonly base: Buffer
  readonly changes: Change[]
  size: number
  /** So many of its changes are certainly on disk. */
  synced: number
}

type Change = { at: number; bytes: Buffer; end: number } | { cutTo: number; end: number }

/**
 * What a folder holds when the power fails at a moment of a trace: of each file only the changes that a completed sync
 * of that file covers, of each folder only the names that a completed sync of that folder covers. The worst that a disk
 * may do, short of breaking.
 */
export class SyncedFiles {
  readonly #folder: string
  /** Names as programs see them. */
  readonly #live = new Map<string, Inode>()
  /** Names as they are on disk. */
  readonly #onDisk: Map<string, Inode>
  /** Where each open descriptor stands. */
  readonly #positions = new Map<string, { at: number; appends: boolean }>()

  /**
   * @param folder the folder that the traced program used
   * @param base a copy of it from before the trace
   */
  constructor(folder: string, base: string) {
    this.#folder = resolve(folder)
    for (const entry of readdirSync(base, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const content = readFileSync(path)
      const inode = { base: content, changes: [], size: content.length, synced: 0 }
      this.#live.set(join(this.#folder, relative(base, path)), inode)
    }
    this.#onDisk = new Map(this.#live)
  }

  /** Replays what returned before line `until` of the trace. */
  replay(calls: readonly SystemCall[], until = Number.POSITIVE_INFINITY): this {
    for (const call of calls.toSorted((a, b) => a.end - b.end)) {
      if (call.end < until && call.result >= 0) this.#apply(call)
    }
    return this
  }

  /** Writes what is on disk into an empty folder. */
  writeTo(target: string): void {
    for (const [path, inode] of this.#onDisk) {
      const place = join(target, relative(this.#folder, path))
      mkdirSync(dirname(place), { recursive: true })
      // As private as what it stands for: keys are among it.
      writeFileSync(place, syncedContent(inode), { mode: 0o600 })
    }
  }

  #apply(call: SystemCall): void {
    const [first, second, third, fourth] = call.arguments
    switch (call.name) {
      case 'openat':
        this.#open(pathAt(first, second), textOf(third), call)
        break
      case 'lseek':
        this.#seek(call)
        break
      case 'write':
      case 'writev':
        this.#write(call, bytesOf(second))
        break
      case 'pwrite64':
      case 'pwritev':
        this.#writeAt(call, bytesOf(second), Number(textOf(fourth)))
        break
      case 'ftruncate':
        this.#cut(this.#inodeOf(call), Number(textOf(second)), call.end)
        break
      case 'fsync':
      case 'fdatasync':
        this.#sync(call)
        break
      case 'rename':
        this.#rename(pathAt(undefined, first), pathAt(undefined, second))
        break
      case 'renameat':
      case 'renameat2':
        this.#rename(pathAt(first, second), pathAt(third, fourth))
        break
      case 'unlink':
        this.#live.delete(pathAt(undefined, first))
        break
      case 'unlinkat':
        this.#live.delete(pathAt(first, second))
        break
    }
  }

  #open(path: string, flags: string, call: SystemCall): void {
    if (!path.startsWith(`${this.#folder}/`)) return
    if (flags.includes('O_CREAT') && !this.#live.has(path)) {
      this.#live.set(path, { base: Buffer.alloc(0), changes: [], size: 0, synced: 0 })
    }
    if (flags.includes('O_TRUNC')) this.#cut(this.#live.get(path), 0, call.end)
    const key = `${call.result}<${call.resultNames ?? path}>`
    this.#positions.set(key, { at: 0, appends: flags.includes('O_APPEND') })
  }

  #seek(call: SystemCall): void {
    const position = this.#positionOf(call)
    if (position) position.at = call.result
  }

  #write(call: SystemCall, bytes: Buffer): void {
    const position = this.#positionOf(call)
    if (!position) return
    const at = position.appends ? (this.#inodeOf(call)?.size ?? 0) : position.at
    position.at = at + call.result
    this.#writeAt(call, bytes, at)
  }

  #writeAt(call: SystemCall, bytes: Buffer, at: number): void {
    const inode = this.#inodeOf(call)
    if (!inode) return
    inode.changes.push({ at, bytes: bytes.subarray(0, call.result), end: call.end })
    inode.size = Math.max(inode.size, at + call.result)
  }

  #cut(inode: Inode | undefined, cutTo: number, end: number): void {
    if (!inode) return
    inode.changes.push({ cutTo, end })
    inode.size = cutTo
  }

  #sync(call: SystemCall): void {
    const inode = this.#inodeOf(call)
    // What returned while the sync was under way may have missed it.
    if (inode) inode.synced = inode.changes.filter(({ end }) => end < call.start).length
    else this.#syncNames(descriptorOf(call)?.names)
  }

  #syncNames(folder: string | undefined): void {
    for (const path of this.#onDisk.keys()) if (dirname(path) === folder) this.#onDisk.delete(path)
    for (const [path, inode] of this.#live) if (dirname(path) === folder) this.#onDisk.set(path, inode)
  }

  #rename(from: string, to: string): void {
    const inode = this.#live.get(from)
    if (!inode) return
    this.#live.delete(from)
    this.#live.set(to, inode)
  }

  #inodeOf(call: SystemCall): Inode | undefined {
    return this.#live.get(descriptorOf(call)?.names ?? '')
  }

  #positionOf(call: SystemCall) {
    const descriptor = descriptorOf(call)
    return this.#positions.get(`${descriptor?.number}<${descriptor?.names}>`)
  }
}

/** The line at which a sync that covers this write returned; `undefined` when none did. */
export function coveringSync(calls: readonly SystemCall[], write: SystemCall): number | undefined {
  const file = descriptorOf(write)?.names
  const ends = calls
    .filter(({ name, result, start }) => /^f(data)?sync$/.test(name) && result === 0 && start > write.end)
    .filter((call) => descriptorOf(call)?.names === file)
    .map(({ end }) => end)
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/** What a call wrote or sent, and the file or socket that it wrote to. */
export function outputOf(call: SystemCall): { to: string; bytes: Buffer } | undefined {
  if (!/^p?writev?(64)?$|^send(to|msg)$/.test(call.name) || call.result < 0) return undefined
  const to = descriptorOf(call)?.names
  return to === undefined ? undefined : { to, bytes: bytesOf(call.arguments[1]).subarray(0, call.result) }
}

function syncedContent({ base, changes, synced }: Inode): Buffer {
  const kept = changes.slice(0, synced)
  const longest = kept.map((change) => ('cutTo' in change ? change.cutTo : change.at + change.bytes.length))
  const content = Buffer.alloc(Math.max(base.length, ...longest))
  base.copy(content)
  let size = base.length
  for (const change of kept) {
    if ('cutTo' in change) {
      content.fill(0, Math.min(size, change.cutTo), size)
      size = change.cutTo
    } else {
      change.bytes.copy(content, change.at)
      size = Math.max(size, change.at + change.bytes.length)
    }
  }
  return content.subarray(0, size)
}

function descriptorOf(call: SystemCall) {
  const [first] = call.arguments
  return first?.kind === 'descriptor' ? first : undefined
}

/** Calls without a folder are taken to name whole paths. */
function pathAt(folder: Argument | undefined, path: Argument | undefined): string {
  const from = folder?.kind === 'descriptor' ? folder.names : '/'
  return resolve(from, bytesOf(path).toString())
}

function bytesOf(argument: Argument | undefined): Buffer {
  return argument && argument.kind !== 'descriptor' ? argument.bytes : Buffer.alloc(0)
}

function textOf(argument: Argument | undefined): string {
  return argument?.kind === 'text' ? argument.text : ''
}
