import { Compile } from 'typebox/compile'
import { ENROLLMENT_TOKEN_PREFIX, EnrollmentTokenContent } from './enrollment.ts'

/** Writes an enrollment token as people carry it: `fse1.` and the base64url of its content as JSON. */
export function encodeEnrollmentToken(token: EnrollmentTokenContent): string {
  const base64 = btoa(JSON.stringify(token))
  return ENROLLMENT_TOKEN_PREFIX + base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** Reads the text of an enrollment token, white space around it aside; `undefined` when it is not one. */
export function decodeEnrollmentToken(text: string): EnrollmentTokenContent | undefined {
  const token = text.trim()
  if (!token.startsWith(ENROLLMENT_TOKEN_PREFIX)) return undefined
  const json = parseBase64UrlJson(token.slice(ENROLLMENT_TOKEN_PREFIX.length))
  // Not kept: a token is read once in the life of a machine.
  return Compile(EnrollmentTokenContent).Check(json) ? json : undefined
}

function parseBase64UrlJson(text: string): unknown {
  try {
    return JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    // Not base64 or not JSON: no token, which the caller says in its own words.
    return undefined
  }
}
