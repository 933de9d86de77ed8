import { describe, expect, it } from 'vitest'
import { PendingFolders } from './pending-folders.ts'

const entered = (pending: PendingFolders, path: string, ...names: string[]) => {
  pending.enter({ path: Buffer.from(path), excluded: path === '/out' ? path : undefined })
  return names.map((name) => pending.add(Buffer.from(name, 'latin1')))
}
const taken = (pending: PendingFolders) => pending.take()?.path.toString('latin1')

describe('folders that wait to be visited', () => {
  it('come the deepest first, and in the order in which they were met', () => {
    const pending = new PendingFolders()
    entered(pending, '/', 'a', 'b')
    expect(taken(pending)).toBe('/a')
    entered(pending, '/a', 'x', 'two\nlines', '\xff\xfe')
    expect([1, 2, 3].map(() => taken(pending))).toEqual(['/a/x', '/a/two\nlines', '/a/\xff\xfe'])
    entered(pending, '/a/\xff\xfe')
    expect([taken(pending), taken(pending)]).toEqual(['/b', undefined])
  })

  it('know what they are excluded by', () => {
    const pending = new PendingFolders()
    entered(pending, '/out', 'x')
    expect(pending.take()).toEqual({ path: Buffer.from('/out/x'), excluded: '/out' })
  })

  it('take no more room than they may, and give it back', () => {
    const pending = new PendingFolders(6)
    expect(entered(pending, '/', 'ab', 'cd', 'e')).toEqual([true, true, false])
    taken(pending)
    taken(pending)
    expect(entered(pending, '/cd', 'ef', 'gh')).toEqual([true, true])
  })
})
