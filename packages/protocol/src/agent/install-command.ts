import { CA_PATH, INSTALL_SCRIPT_PATH } from './enrollment.ts'
import { decodeEnrollmentToken } from './enrollment-token-text.ts'

/**
 * The one line that somebody pastes into a shell of a machine, as root or with sudo at hand, to install the agent there
 * and enroll the machine. Options of the script may follow it, such as `--start`.
 *
 * What the shell of root gets to run comes from the server that the token is of: the certificate authority that the
 * server shows counts only when it is the one whose fingerprint the token carries. The token goes as a line before the
 * script, by a builtin of the shell and a pipe, so that the list of processes never shows it.
 *
 * @param server any address of the server; its origin counts
 * @throws TypeError for what is no address or no token
 */
export function installCommand(server: string, token: string): string {
  const { origin } = new URL(server)
  const content = decodeEnrollmentToken(token)
  // Base64 may hold white space, and a command must not.
  if (content === undefined || !/^[\w.-]+$/.test(token)) {
    throw new TypeError('This is not an enrollment token.')
  }
  const script = quote(origin + INSTALL_SCRIPT_PATH)
  const sayToken = `echo FLEETSWEEP_ENROLLMENT_TOKEN=${token}`
  const { caSha256 } = content
  if (caSha256 === undefined || !origin.startsWith('https:')) {
    return `(${sayToken}; curl -fsS ${script} || echo exit 1) | ${AS_ROOT}`
  }
  // The certificate is made of what was compared and nothing else: curl must find none that the fingerprint does not cover.
  const steps = [
    `ca=$(curl -fsSk ${quote(origin + CA_PATH)} | grep -v '^-' | tr -dc 'A-Za-z0-9+/=\\n')`,
    `[ "$(echo "$ca" | base64 -d | sha256sum)" = '${caSha256}  -' ]`,
    sayToken,
    `printf -- '-----BEGIN CERTIFICATE-----\\n%s\\n-----END CERTIFICATE-----\\n' "$ca" | curl -fsS --cacert /dev/stdin ${script}`,
  ]
  const told = `The server shows another certificate authority than that of this command, or none. Nothing was installed.`
  return `(${steps.join(' && ')} || echo 'echo "${told}" >&2; exit 1') | ${AS_ROOT}`
}

/** `sh` alone where there is no sudo: whoever has none is root, or is told by the script to be. */
const AS_ROOT = '$(command -v sudo) sh -s --'

function quote(text: string): string {
  // An origin holds no quote; one that did would end the word and begin a command.
  if (text.includes("'")) throw new TypeError(`This cannot stand in a command: ${text}`)
  return `'${text}'`
}
