import { describe, expect, it } from 'vitest'
import type { EnrollmentTokenContent } from './enrollment.ts'
import { decodeEnrollmentToken, encodeEnrollmentToken } from './enrollment-token-text.ts'

const token: EnrollmentTokenContent = {
  tenant: '0b6ad1bd-3a53-4b8b-9f5c-3b3e1c1f6a10',
  tokenId: '6f0f4d0e-6d1b-4b0a-8f0e-0b8a3f7f2c11',
  secret: 'A'.repeat(43),
  orderRootSha256: 'ab'.repeat(32),
}

describe('the text of an enrollment token', () => {
  it('is read back as it was written', () => {
    expect(decodeEnrollmentToken(`  ${encodeEnrollmentToken(token)}\n`)).toEqual(token)
    const withCa = { ...token, caSha256: 'cd'.repeat(32) }
    expect(decodeEnrollmentToken(encodeEnrollmentToken(withCa))).toEqual(withCa)
  })

  it('holds only characters that survive a shell and a URL', () => {
    expect(encodeEnrollmentToken(token)).toMatch(/^fse1\.[A-Za-z0-9_-]+$/)
  })

  it.each([
    ['nothing', ''],
    ['another prefix', encodeEnrollmentToken(token).replace('fse1.', 'fse2.')],
    ['a cut end', encodeEnrollmentToken(token).slice(0, -9)],
    ['no base64', 'fse1.***'],
    ['a member missing', `fse1.${btoa('{"tenant":"x"}')}`],
  ])('is refused with %s', (_, text) => {
    expect(decodeEnrollmentToken(text)).toBeUndefined()
  })
})
