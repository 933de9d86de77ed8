import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MountTable } from '../src/os/mount-table.ts'
import { lockState } from '../src/os/state-lock.ts'
import { type FileAttributes, packageOwner, type QuarantineParts } from '../src/quarantine/index.ts'
import { markOf } from '../src/scan/file-mark.ts'
import { joinPath } from '../src/scan/reach-path.ts'
import { requireFileAttributes, testQuarantine } from './open-test-quarantine.ts'

const isRoot = process.getuid?.() === 0
const CONTENT = Buffer.from('X5O!P%@AP-a-test-content-'.repeat(50_000))
const ODD_NAME = Buffer.from([0x6f, 0x0a, 0xff, 0xfe, 0x20, 0x27, 0x24, 0x5c])

let attributes: FileAttributes
let root: string
let files: string
let store: string

beforeAll(async () => {
  attributes = await requireFileAttributes()
})

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fleetsweep-quarantine-'))
  files = join(root, 'files')
  store = join(root, 'store')
  mkdirSync(files)
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const openQuarantine = (over: Partial<QuarantineParts> = {}) => testQuarantine(store, attributes, over)

const asked = { threatName: 'Test', actionId: null, takenBy: 'test' }

/** A file with everything that is unusual about one. */
function makeOddFile(): Buffer {
  const path = joinPath(Buffer.from(files), ODD_NAME)
  writeFileSync(path, CONTENT)
  if (isRoot) chownSync(path, 12_345, 54_321)
  const file = openSync(path, 'r')
  attributes.setXattr(file, 'user.note', Buffer.from([0, 1, 2, 255]))
  if (isRoot) attributes.setXattr(file, 'trusted.empty', Buffer.alloc(0))
  chmodSync(path, 0o7751)
  attributes.setTimes(file, 1_234_567_890_123_456_789n, -1_000_000_001n)
  closeSync(file)
  return path
}

function lookAt(path: Buffer) {
  const { mode, uid, gid, size, mtimeNs, nlink, atimeNs } = lstatSync(path, { bigint: true })
  const file = openSync(path, 'r')
  const xattrs = [...attributes.readXattrs(file)].sort()
  closeSync(file)
  return {
    mode,
    uid,
    gid,
    size,
    mtimeNs,
    nlink,
    atimeNs,
    xattrs,
    content: readFileSync(path).toString('hex'),
  }
}

/** What lies about in the folder beside the file itself. */
function strangers(): string[] {
  return readdirSync(files).filter((name) => name.startsWith('.fleetsweep'))
}

describe('a file in quarantine', () => {
  it('comes back with the same bytes, name, owner, mode, times and attributes', async () => {
    const path = makeOddFile()
    const before = lookAt(path)
    const quarantine = openQuarantine()
    const taken = await quarantine.take({ path, ...asked })
    if (taken.kind === 'refused') throw new Error(taken.why)
    expect(readdirSync(files)).toEqual([])

    const restored = await quarantine.restore({ id: taken.record.id })
    expect(restored).toMatchObject({ kind: 'restored', missing: [] })
    // Reading the content for the copy moved the time of access, as any reading does.
    expect({ ...lookAt(path), atimeNs: 0 }).toEqual({ ...before, atimeNs: 0 })
    expect(strangers()).toEqual([])
  })

  it('is kept for its owner only, and never with its own bytes', async () => {
    const path = makeOddFile()
    await openQuarantine().take({ path, ...asked })
    expect(lstatSync(store).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(store)) {
      const file = join(store, name)
      expect(lstatSync(file).mode & 0o777).toBe(0o600)
      expect(readFileSync(file).includes(CONTENT.subarray(0, 20))).toBe(false)
    }
  })

  it('does not come back over another file unless that is asked for', async () => {
    const path = makeOddFile()
    const quarantine = openQuarantine()
    const taken = await quarantine.take({ path, ...asked })
    if (taken.kind === 'refused') throw new Error(taken.why)
    writeFileSync(path, 'mine')
    const { id } = taken.record
    expect(await quarantine.restore({ id })).toMatchObject({ kind: 'refused' })
    expect(readFileSync(path, 'utf8')).toBe('mine')
    expect(await quarantine.restore({ id, overwrite: true })).toMatchObject({ kind: 'restored' })
    expect(readFileSync(path).equals(CONTENT)).toBe(true)
    expect(strangers()).toEqual([])
  })

  it('does not come back from a damaged copy', async () => {
    const path = makeOddFile()
    const quarantine = openQuarantine()
    const taken = await quarantine.take({ path, ...asked })
    if (taken.kind === 'refused') throw new Error(taken.why)
    const copy = join(store, `${taken.record.id}.sealed`)
    const bytes = readFileSync(copy)
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1
    writeFileSync(copy, bytes)
    expect(await quarantine.restore({ id: taken.record.id })).toMatchObject({ kind: 'refused' })
    expect(readdirSync(files)).toEqual([])
    expect(quarantine.list()).toMatchObject([{ stage: 'quarantined' }])
  })

  it('tells how many other names the file has', async () => {
    const path = makeOddFile()
    linkSync(path, join(files, 'other'))
    expect(await openQuarantine().take({ path, ...asked })).toMatchObject({ record: { otherNames: 1 } })
    expect(readdirSync(files)).toEqual(['other'])
  })
})

describe('taking a file', () => {
  it('leaves one alone that changed since it was judged', async () => {
    const path = makeOddFile()
    const mark = markOf(lstatSync(path, { bigint: true }))
    writeFileSync(path, 'harmless now')
    expect(await openQuarantine().take({ path, mark, ...asked })).toMatchObject({ kind: 'refused' })
    expect(readFileSync(path, 'utf8')).toBe('harmless now')
  })

  it.each(['removing', 'setAside'] as const)('puts back what takes its place at the step %s', async (at) => {
    const path = makeOddFile()
    const quarantine = openQuarantine({
      onStep: (step) => {
        if (step !== at) return
        if (at === 'removing') renameSync(path, join(files, 'moved away'))
        writeFileSync(path, 'another')
      },
    })
    const taken = await quarantine.take({ path, ...asked })
    expect(taken.kind).toBe(at === 'removing' ? 'refused' : 'quarantined')
    expect(readFileSync(path, 'utf8')).toBe('another')
    expect(quarantine.list()).toHaveLength(at === 'removing' ? 0 : 1)
    expect(strangers()).toEqual([])
  })

  it('follows no link, to the file or on the way to it', async () => {
    const path = makeOddFile()
    symlinkSync(path, join(files, 'link'))
    symlinkSync(files, join(root, 'way'))
    const quarantine = openQuarantine()
    const ways = [Buffer.from(join(files, 'link')), joinPath(Buffer.from(join(root, 'way')), ODD_NAME)]
    for (const way of ways) {
      expect(await quarantine.take({ path: way, ...asked })).toMatchObject({ kind: 'refused' })
    }
    expect(existsSync(path)).toBe(true)
  })

  it('leaves files alone that are not local, of the agent, of a package, or too much', async () => {
    const path = makeOddFile()
    const remote = new MountTable([{ point: '/', fileSystem: 'nfs', isLocal: false }])
    const refusals = [
      openQuarantine({ readMounts: () => remote }),
      openQuarantine({ ownFolders: [files] }),
      openQuarantine({ packageOwner: async () => 'dpkg' }),
      openQuarantine({ packageOwner: async () => 'noAnswer' }),
      openQuarantine({ maxBytes: 1_000 }),
    ]
    for (const quarantine of refusals) {
      expect(await quarantine.take({ path, ...asked })).toMatchObject({ kind: 'refused' })
      expect(existsSync(path)).toBe(true)
      expect(quarantine.list()).toEqual([])
    }
  })
})

describe('asking the package managers', () => {
  it('knows the files of packages, also by the name from before they moved under /usr', async () => {
    const [file = ''] = execFileSync('dpkg-query', ['-L', 'coreutils'], { encoding: 'utf8' })
      .split('\n')
      .filter((name) => name.endsWith('/cat'))
    expect(await packageOwner(Buffer.from(file))).toBe('dpkg')
    expect(await packageOwner(Buffer.from('/usr/bin/cat'))).toBe('dpkg')
    expect(await packageOwner(Buffer.from('/bin/cat'))).toBe('dpkg')
  })

  it('takes no name for a pattern', async () => {
    expect(await packageOwner(Buffer.from('/bin/*'))).toBeUndefined()
    expect(await packageOwner(Buffer.from('/nowhere/at-all'))).toBeUndefined()
  })
})

describe('killed in the middle', () => {
  const child = join(import.meta.dirname, 'quarantine-child.ts')
  function run(what: 'take' | 'restore', path: Buffer, id: string, dieAt: string): string | null {
    const args = [child, store, what, path.toString('base64'), id, dieAt]
    return spawnSync(process.execPath, args, { encoding: 'utf8' }).signal
  }

  it.each(['copyBegun', 'copied', 'removing', 'setAside', 'removed'])(
    'while taking a file, at %s, it is in one place whole',
    (step) => {
      const path = makeOddFile()
      const before = lookAt(path)
      expect(run('take', path, randomUUID(), step)).toBe('SIGKILL')
      const quarantine = openQuarantine()
      quarantine.recover()
      expect(strangers()).toEqual([])
      const held = quarantine.list()
      if (existsSync(path)) {
        expect(held).toEqual([])
        expect({ ...lookAt(path), atimeNs: 0 }).toEqual({ ...before, atimeNs: 0 })
      } else expect(held).toMatchObject([{ stage: 'quarantined', mode: 0o7751 }])
      expect(readdirSync(store).filter((name) => name.endsWith('.sealed'))).toHaveLength(held.length)
    },
  )

  it.each(['restoring', 'written', 'placing', 'placed', 'restored'])(
    'while restoring a file, at %s, it is in one place whole',
    async (step) => {
      const path = makeOddFile()
      const before = lookAt(path)
      const id = randomUUID()
      await openQuarantine({ newId: () => id }).take({ path, ...asked })
      expect(run('restore', path, id, step)).toBe('SIGKILL')
      const quarantine = openQuarantine()
      quarantine.recover()
      expect(strangers()).toEqual([])
      const isBack = existsSync(path)
      expect(quarantine.list()).toMatchObject([{ stage: isBack ? 'restored' : 'quarantined' }])
      if (!isBack) expect(await quarantine.restore({ id })).toMatchObject({ kind: 'restored' })
      expect({ ...lookAt(path), atimeNs: 0 }).toEqual({ ...before, atimeNs: 0 })
    },
  )
})

describe('the command', () => {
  const program = join(import.meta.dirname, '../../../programs/fleetsweep-agent.ts')
  function ask(...words: string[]) {
    const state = join(root, 'state')
    return spawnSync(process.execPath, [program, 'quarantine', ...words, '--state', state], {
      encoding: 'utf8',
    })
  }

  it('takes a file, lists it and gives it back while no agent runs, and waits for one that starts', () => {
    const path = join(files, 'a file')
    writeFileSync(path, 'content')
    mkdirSync(join(root, 'state'))
    const added = ask('add', path)
    expect(added).toMatchObject({ status: 0, stderr: '' })
    expect(existsSync(path)).toBe(false)
    const id = added.stdout.trim()
    expect(ask('list').stdout).toContain(`${id}  quarantined`)
    {
      using _agent = lockState(join(root, 'state'))
      expect(ask('restore', id)).toMatchObject({
        status: 1,
        stdout: '',
        stderr: 'The agent is just starting or ending. Ask again in a moment.\n',
      })
    }
    expect(ask('restore', id)).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(path, 'utf8')).toBe('content')
    expect(ask('add', join(root, 'state/agent.lock'))).toMatchObject({ status: 1 })
    expect(ask('add')).toMatchObject({ status: 2 })
  })
})
