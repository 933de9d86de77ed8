import { describe, expect, it } from 'vitest'
import { parseStrace } from './system-call.ts'

const hex = (text: string) =>
  [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')

describe('reading the output of strace', () => {
  it('understands strings, descriptors, paths that hold any byte, and structures', () => {
    const [opened, written, sent] = parseStrace(
      [
        `10 openat(AT_FDCWD<${hex('/tmp')}>, "${hex('a<b>, "c")')}", O_RDWR|O_CREAT, 0644) = 7<${hex('/tmp/a<b>, "c")')}>`,
        `10 pwrite64(7<${hex('/tmp/x')}>, "\\x00\\xff\\x0a", 3, 4096) = 3`,
        `10 writev(9<${hex('socket:[12]')}>, [{iov_base="${hex('HTTP')}", iov_len=4}, {iov_base="${hex('/1.1')}", iov_len=4}], 2) = 8`,
      ].join('\n'),
    )
    expect(opened).toMatchObject({
      name: 'openat',
      result: 7,
      resultNames: '/tmp/a<b>, "c")',
      start: 0,
      end: 0,
    })
    expect(opened?.arguments[0]).toEqual({ kind: 'descriptor', number: -1, names: '/tmp' })
    expect(opened?.arguments[1]).toEqual({ kind: 'bytes', bytes: Buffer.from('a<b>, "c")') })
    expect(opened?.arguments[2]).toMatchObject({ kind: 'text', text: 'O_RDWR|O_CREAT' })
    expect(written?.arguments[1]).toEqual({ kind: 'bytes', bytes: Buffer.from([0, 255, 10]) })
    expect(sent?.arguments[0]).toMatchObject({ names: 'socket:[12]' })
    expect(sent?.arguments[1]).toMatchObject({ bytes: Buffer.from('HTTP/1.1') })
  })

  it('puts together calls that other threads interrupt', () => {
    const calls = parseStrace(
      [
        `10 fdatasync(7<${hex('/tmp/x')}> <unfinished ...>`,
        `11 write(9<${hex('socket:[12]')}>, "${hex('hi')}", 2) = 2`,
        '10 <... fdatasync resumed>)             = 0',
      ].join('\n'),
    )
    expect(calls.map(({ name, thread, start, end }) => ({ name, thread, start, end }))).toEqual([
      { name: 'write', thread: 11, start: 1, end: 1 },
      { name: 'fdatasync', thread: 10, start: 0, end: 2 },
    ])
    expect(calls[1]?.arguments[0]).toMatchObject({ names: '/tmp/x' })
  })

  it('tells failed calls by their result and leaves out what never returned', () => {
    const calls = parseStrace(
      [
        `10 unlink("${hex('/tmp/x')}") = -1 ENOENT (No such file or directory)`,
        `10 fsync(7<${hex('/tmp/x')}> <unfinished ...>`,
        `11 fsync(7<${hex('/tmp/x')}>) = ?`,
        '11 +++ killed by SIGKILL +++',
        '--- SIGCHLD {si_signo=SIGCHLD} ---',
      ].join('\n'),
    )
    expect(calls).toMatchObject([{ name: 'unlink', result: -1 }])
  })
})
