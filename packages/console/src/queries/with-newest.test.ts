import { buildMachineAction } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { MOST_ROWS } from './collect.ts'
import { withNewest } from './with-newest.ts'

const [first, second] = [buildMachineAction(), buildMachineAction()]

describe('news for a list of machine actions', () => {
  it('replace an action where it stands', () => {
    const moved = { ...second, status: 'InProgress' } as const
    const { items } = withNewest({ items: [first, second], more: false }, [moved])
    expect(items).toEqual([first, moved])
  })

  it('put new actions on top, the newest first', () => {
    const old = buildMachineAction({ creationDateTimeUtc: '2026-11-23T09:00:00Z' })
    const young = buildMachineAction({ creationDateTimeUtc: '2026-11-23T09:00:00.5Z' })
    const { items } = withNewest({ items: [first], more: false }, [old, young])
    expect(items).toEqual([young, old, first])
  })

  it('let the list grow no longer than a page shows', () => {
    const full = Array.from({ length: MOST_ROWS }, () => buildMachineAction())
    const { items, more } = withNewest({ items: full, more: false }, [first])
    expect(items).toEqual([first, ...full.slice(0, -1)])
    expect(more).toBe(true)
  })
})
