import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ClamdReply, parseReply, ReplyReader } from './clamd-replies.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

describe('reading a reply of clamd', () => {
  it.each<[string, ClamdReply]>([
    ['1: fd[11]: OK', { kind: 'clean', id: 1 }],
    ['2: stream: OK', { kind: 'clean', id: 2 }],
    ['37: fd[9]: Eicar-Test-Signature FOUND', { kind: 'found', id: 37, threatName: 'Eicar-Test-Signature' }],
    ['3: fd[9]: a: OK FOUND', { kind: 'found', id: 3, threatName: 'a: OK' }],
    ['3: fd[9]: x FOUND FOUND', { kind: 'found', id: 3, threatName: 'x FOUND' }],
    ['4: PONG', { kind: 'pong', id: 4 }],
    [
      '5: fd[11]: Not a regular file ERROR',
      { kind: 'error', id: 5, detail: 'fd[11]: Not a regular file ERROR' },
    ],
    [
      '1: Command invalid inside IDSESSION. ERROR',
      { kind: 'error', id: 1, detail: 'Command invalid inside IDSESSION. ERROR' },
    ],
  ])('understands %s', (text, reply) => {
    expect(parseReply(bytes(text))).toEqual(reply)
  })

  it.each([
    '',
    'PONG',
    'fd[11]: OK',
    '1: OK',
    '1:fd[11]: OK',
    '1: fd[11]: OK ',
    '1: fd[11]: ok',
    '1: fd[11]:  FOUND',
    '-1: fd[11]: OK',
    '1x: fd[11]: OK',
    '1: UNKNOWN COMMAND',
    '1: /tmp/clean: x FOUND: OK',
    'No file descriptor received. ERROR',
    'COMMAND READ TIMED OUT',
    '99999999999999999999: fd[1]: OK',
  ])('does not believe %j', (text) => {
    expect(parseReply(bytes(text))).toBeUndefined()
  })

  it('tells the same whichever way the bytes arrive', () => {
    const reply = fc.oneof(
      fc.nat().map((id) => `${id}: fd[11]: OK`),
      fc.nat().map((id) => `${id}: PONG`),
      fc
        .tuple(fc.nat(), fc.stringMatching(/^[ -~]{1,30}$/))
        .map(([id, name]) => `${id}: fd[3]: ${name} FOUND`),
    )
    fc.assert(
      fc.property(fc.array(reply), fc.array(fc.nat(40)), (replies, cuts) => {
        const stream = bytes(replies.map((text) => `${text}\0`).join(''))
        const reader = new ReplyReader()
        const read: ClamdReply[] = []
        let from = 0
        for (const size of [...cuts, stream.length]) {
          read.push(...reader.push(stream.subarray(from, from + size)))
          from += size
        }
        expect(reader.broken).toBeUndefined()
        expect(reader.unfinished()).toBe('')
        expect(read).toEqual(replies.map((text) => parseReply(bytes(text))))
      }),
    )
  })

  it('survives any bytes, and never takes them for a clean file', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const reader = new ReplyReader()
        const replies = [...reader.push(Buffer.from(noise)), ...reader.push(bytes('\0'))]
        expect(replies.filter(({ kind }) => kind === 'clean')).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('believes nothing after the first reply that is none', () => {
    const reader = new ReplyReader()
    expect(reader.push(bytes('1: fd[1]: OK\0what?\x002: fd[1]: OK\0'))).toEqual([{ kind: 'clean', id: 1 }])
    expect(reader.broken).toContain('what?')
    expect(reader.push(bytes('3: fd[1]: OK\0'))).toEqual([])
  })

  it('gives up on a reply that never ends', () => {
    const reader = new ReplyReader()
    for (let sent = 0; sent < 20_000; sent += 1_000) reader.push(Buffer.alloc(1_000, 'a'))
    expect(reader.broken).toBe('a reply without an end')
  })

  it('tells what an end of the connection cut off', () => {
    const reader = new ReplyReader()
    reader.push(bytes('COMMAND READ TIMED OUT\n'))
    expect(reader.unfinished()).toBe('COMMAND READ TIMED OUT?')
  })
})
