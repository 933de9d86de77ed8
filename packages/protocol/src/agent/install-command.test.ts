import { describe, expect, it } from 'vitest'
import { encodeEnrollmentToken } from './enrollment-token-text.ts'
import { installCommand } from './install-command.ts'

const content = {
  tenant: '0b6ad1bd-3a53-4b8b-9f5c-3b3e1c1f6a10',
  tokenId: '6f0f4d0e-6d1b-4b0a-8f0e-0b8a3f7f2c11',
  secret: 'A'.repeat(43),
  orderRootSha256: 'ab'.repeat(32),
}
const token = encodeEnrollmentToken(content)

describe('the command that installs the agent', () => {
  it('is one line, and believes public authorities where the token names none', () => {
    expect(installCommand('https://fleet.example/console/', token)).toBe(
      `(echo FLEETSWEEP_ENROLLMENT_TOKEN=${token}; curl -fsS 'https://fleet.example/fleet/v1/agent/install.sh' || echo exit 1) | $(command -v sudo) sh -s --`,
    )
  })

  it('believes an authority of the server by the fingerprint in the token, and nothing else', () => {
    const command = installCommand(
      'https://fleet.example:8443',
      encodeEnrollmentToken({ ...content, caSha256: 'cd'.repeat(32) }),
    )
    expect(command).not.toContain('\n')
    expect(command).toContain(`| sha256sum)" = '${'cd'.repeat(32)}  -' ] && echo FLEETSWEEP`)
    expect(command).toContain(
      "curl -fsS --cacert /dev/stdin 'https://fleet.example:8443/fleet/v1/agent/install.sh'",
    )
  })

  it.each([
    ["https://a'b.example", token],
    ['fleet.example', token],
    ['https://fleet.example', `${token}; reboot`],
    ['https://fleet.example', token.replace('eyJ', 'eyJ\n')],
    ['https://fleet.example', 'fse1.AAAA'],
  ])('is not made of %s and %s', (server, text) => {
    expect(() => installCommand(server, text)).toThrow(TypeError)
  })
})
