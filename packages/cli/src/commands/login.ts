import {
  beginDeviceSignIn,
  ClientError,
  endSignIn,
  formatDuration,
  readSignInInfo,
  safeText,
} from '@fleetsweep/client'
import { CLI_CLIENT_ID } from '@fleetsweep/protocol'
import type { CliIo } from '../cli-io.ts'
import { type CommandValues, type LocalCommand, noArguments, UsageError } from '../command.ts'
import { readServer, SERVER_OPTIONS } from '../connect.ts'
import { type KeptSignIn, keepSignIn, placeOf } from '../sign-in/kept-sign-in.ts'
import { SignInFile } from '../sign-in/sign-in-file.ts'

export const login: LocalCommand = {
  name: 'login',
  args: '',
  summary: 'Sign in as a person, by a code that you enter in a browser',
  options: SERVER_OPTIONS,
  async runLocally({ io, args, options, json }) {
    noArguments(args)
    const file = new SignInFile(io)
    const before = await file.readToEnd()
    const server = await findServer(options, io, before)
    const place = { baseUrl: server.url, tenant: server.tenantName, clientId: CLI_CLIENT_ID }
    const signIn = await beginDeviceSignIn(place, { signal: io.signal }, io.runtime)
    io.err(
      `Open ${safeText(signIn.verificationUri)}\nand enter the code ${safeText(signIn.userCode)}\nIt is good for ${formatDuration(signIn.goodForMs)}. Waiting…\n`,
    )
    const signedIn = await signIn.wait({ signal: io.signal })
    const kept = keepSignIn(signedIn, server, io.nowMs())
    await file.alone(() => file.write(kept))
    if (before) await endOld(before, io)
    report(kept, io, json)
    return 0
  },
}

/** From flags and environment, else where the person was signed in last; the server itself knows its only tenant. */
async function findServer(options: CommandValues, io: CliIo, before: KeptSignIn | undefined) {
  const given = await readServer(options, io)
  const url = given.url ?? before?.url
  if (url === undefined) throw new UsageError('Say where: --url or FLEETSWEEP_URL.')
  refuseReadable(url)
  const last = before?.url === url ? before : undefined
  const ca = given.ca ?? last?.ca ?? null
  if (ca !== null) io.trust(ca)
  const tenantName = given.tenant ?? last?.tenantName ?? (await onlyTenant(url, io))
  return { url, tenantName: tenantName.toLowerCase(), ca }
}

async function onlyTenant(url: string, { signal, runtime }: CliIo): Promise<string> {
  const { tenant } = await readSignInInfo(url, { signal }, runtime)
  if (tenant) return tenant.domain
  throw new UsageError('This server has several tenants. Say which: --tenant or FLEETSWEEP_TENANT.')
}

/** Without TLS everybody on the way could read the tokens; within this machine there is nobody on the way. */
function refuseReadable(url: string): void {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return
  throw new UsageError(`Others on the network could read what you sign in to at ${url}. Use https.`)
}

/** The sign-in that the new one replaced. That it could not be ended is worth a word, and no failure. */
async function endOld(before: KeptSignIn, io: CliIo): Promise<void> {
  if (before.refreshToken === null) return
  try {
    await endSignIn(placeOf(before), before.refreshToken, { signal: io.signal }, io.runtime)
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    io.err(
      `The sign-in before this one, at ${safeText(before.url)}, could not be ended: ${safeText(error.message)}\n`,
    )
  }
}

function report({ url, tenant, userPrincipalName, displayName }: KeptSignIn, io: CliIo, json: boolean): void {
  const name = safeText(userPrincipalName)
  const who = displayName === userPrincipalName ? name : `${safeText(displayName)} (${name})`
  if (json) io.out(`${JSON.stringify({ url, tenant, userPrincipalName, displayName }, null, 2)}\n`)
  else io.err(`Signed in as ${who} at ${safeText(url)}.\n`)
  if (io.env.FLEETSWEEP_CLIENT_ID || io.env.FLEETSWEEP_CLIENT_SECRET) {
    io.err('While FLEETSWEEP_CLIENT_ID and _CLIENT_SECRET are set, commands go on as that application.\n')
  }
}
