import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tool } from '../tools.ts'
import { coveringSync, outputOf, SyncedFiles, TRACED_CALLS } from './synced-files.ts'
import { parseStrace, STRACE_FORMAT, type SystemCall } from './system-call.ts'

describe('files as they are on disk when the power fails', () => {
  let root = ''
  let folder = ''
  let base = ''

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'fleetsweep-synced-'))
    folder = join(root, 'data')
    base = join(root, 'base')
    mkdirSync(folder)
    writeFileSync(join(folder, 'old'), 'old content')
    cpSync(folder, base, { recursive: true })
  })
  afterEach(() => rmSync(root, { recursive: true }))

  /** Runs a real program in the folder and notes its calls. */
  const trace = (program: string): SystemCall[] => {
    const calls = join(root, 'calls')
    const script = `import * as fs from 'node:fs'; const folder = ${JSON.stringify(folder)}; process.chdir(folder); const at = (name) => folder + '/' + name
      const sync = (path) => { const fd = fs.openSync(path, 'r'); fs.fsyncSync(fd); fs.closeSync(fd) }
      ${program}`
    execFileSync(tool('strace').path, [
      ...[...STRACE_FORMAT, '-e', `trace=${TRACED_CALLS}`, '-o', calls],
      ...[process.execPath, '--input-type=module', '-e', script],
    ])
    return parseStrace(readFileSync(calls, 'utf8'))
  }
  const onDisk = (calls: SystemCall[], until?: number) => {
    const target = join(root, 'disk')
    rmSync(target, { recursive: true, force: true })
    mkdirSync(target)
    new SyncedFiles(folder, base).replay(calls, until).writeTo(target)
    return (name: string) => {
      const path = join(target, name)
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined
    }
  }

  it('hold what a sync covered and nothing that came after it', () => {
    const read = onDisk(
      trace(`const fd = fs.openSync('old', 'r+')
        fs.writeSync(fd, 'NEW', 0); fs.fdatasyncSync(fd); fs.writeSync(fd, 'lost', 4); fs.ftruncateSync(fd, 5)`),
    )
    expect(read('old')).toBe('NEW content')
  })

  it('hold nothing of what was written but never synced', () => {
    const read = onDisk(trace(`fs.writeFileSync('old', 'changed'); fs.appendFileSync('old', ' twice')`))
    expect(read('old')).toBe('old content')
  })

  it('follow the position of a descriptor through writes, appends and cuts', () => {
    const read = onDisk(
      trace(`const fd = fs.openSync('old', 'w'); fs.writeSync(fd, 'one '); fs.writeSync(fd, 'two '); fs.closeSync(fd)
        const more = fs.openSync('old', 'a'); fs.writevSync(more, [Buffer.from('three '), Buffer.from('four')])
        fs.ftruncateSync(more, 13); fs.writeSync(more, '!'); fs.fsyncSync(more)`),
    )
    expect(read('old')).toBe('one two three!')
  })

  it('have the names that a sync of their folder covered', () => {
    const read = onDisk(
      trace(`const make = (name) => { const fd = fs.openSync(name, 'w'); fs.writeSync(fd, name); fs.fsyncSync(fd) }
        make('named'); make('next'); fs.renameSync(at('next'), at('old')); sync('.')
        make('nameless'); fs.unlinkSync(at('named'))`),
    )
    expect(read('named')).toBe('named')
    expect(read('old')).toBe('next')
    expect(read('next')).toBeUndefined()
    expect(read('nameless')).toBeUndefined()
  })

  it('are those of any moment of the trace', () => {
    const calls = trace(`const fd = fs.openSync('old', 'r+'); fs.writeSync(fd, 'A', 0); fs.fsyncSync(fd)
      process.stdout.write('told'); fs.writeSync(fd, 'B', 0); fs.fsyncSync(fd)`)
    const told = calls.find((call) => outputOf(call)?.bytes.equals(Buffer.from('told')))
    expect(onDisk(calls, told?.start)('old')).toBe('Ald content')
    expect(onDisk(calls)('old')).toBe('Bld content')
    const write = (text: string) => calls.find((call) => outputOf(call)?.bytes.toString() === text)
    const [a, b] = [write('A'), write('B')]
    if (!a || !b || !told) throw new Error('The trace lacks what the program did.')
    expect(coveringSync(calls, a)).toBeLessThan(told.start)
    expect(coveringSync(calls, b)).toBeGreaterThan(told.end)
    expect(coveringSync(calls, told)).toBeUndefined()
  })
})
