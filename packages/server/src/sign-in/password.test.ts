import { describe, expect, it } from 'vitest'
import { Turnstile, TurnstileFull } from '../kit/turnstile.ts'
import { hashPassword, USUAL_COST, verifyPassword } from './password-hash.ts'
import { passwordProblem } from './password-rule.ts'
import { waitMsAfter } from './throttle-store.ts'

const QUICK = { memoryKiB: 64, passes: 1, lanes: 1 }

describe('a password', () => {
  it('fits its hash and no other, which says how it was made', async () => {
    const hash = await hashPassword('a word nobody says')
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await hashPassword('a word nobody says')).not.toBe(hash)
    expect(await verifyPassword('a word nobody says', hash)).toEqual({ fits: true, isOutdated: false })
    expect(await verifyPassword('a word nobody knows', hash)).toEqual({ fits: false, isOutdated: false })
    expect(USUAL_COST.memoryKiB).toBeGreaterThanOrEqual(19 * 1_024)
  })

  it('is known to be hashed too cheaply', async () => {
    const hash = await hashPassword('a word nobody says', QUICK)
    expect(await verifyPassword('a word nobody says', hash)).toEqual({ fits: true, isOutdated: true })
    expect(await verifyPassword('another', hash)).toEqual({ fits: false, isOutdated: false })
  })

  it('is the same however a keyboard composes it', async () => {
    const hash = await hashPassword('Zw\u00f6lf Boxk\u00e4mpfer', QUICK)
    expect((await verifyPassword('Zwo\u0308lf Boxka\u0308mpfer', hash)).fits).toBe(true)
  })

  it.each([
    ['short', 'elevenchars', /at least 12/],
    ['long', 'x1'.repeat(129), /at most 256/],
    ['the user name', 'ada.lovelace@contoso.example', /user name/],
    ['the user name without its domain', 'Ada.Lovelace', /user name/],
    ['common', 'Password1234', /tried first/],
    ['common with blanks', 'correct horse battery staple', /tried first/],
    ['digits in a row', '123456789012', /tried first/],
    ['one letter over and over', 'aaaaaaaaaaaaaa', /tried first/],
  ])('that is %s is refused', (_, password, why) => {
    expect(passwordProblem(password, 'ada.lovelace@contoso.example')).toMatch(why)
  })

  it.each(['only small letters', '            x', '日本語のとても長い合言葉', 'x1'.repeat(128)])(
    'may be %s',
    (password) => {
      expect(passwordProblem(password, 'ada@contoso.example')).toBeUndefined()
    },
  )
})

describe('waiting after failures', () => {
  it('doubles from five seconds to a quarter of an hour', () => {
    const waits = [4, 5, 6, 7, 12, 13, 1_000].map((failures) => waitMsAfter(failures, 4) / 1_000)
    expect(waits).toEqual([0, 5, 10, 20, 640, 900, 900])
  })
})

describe('a turnstile', () => {
  it('lets a few in, a few wait, and turns the rest away', async () => {
    const turnstile = new Turnstile({ atOnce: 1, mayWait: 1 })
    const gate = Promise.withResolvers<string>()
    const first = turnstile.run(() => gate.promise)
    const second = turnstile.run(async () => 'second')
    await expect(turnstile.run(async () => 'third')).rejects.toThrow(TurnstileFull)
    gate.resolve('first')
    expect(await Promise.all([first, second])).toEqual(['first', 'second'])
    expect(await turnstile.run(async () => 'later')).toBe('later')
  })

  it('goes on when somebody inside fails', async () => {
    const turnstile = new Turnstile({ atOnce: 1, mayWait: 1 })
    await expect(turnstile.run(() => Promise.reject(new Error('inside')))).rejects.toThrow('inside')
    expect(await turnstile.run(async () => 'next')).toBe('next')
  })
})
