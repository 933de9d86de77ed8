import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import type { CliIo } from './cli-io.ts'
import { type CommandOptions, type CommandValues, textOption, UsageError } from './command.ts'
import type { KeptSignIn } from './sign-in/kept-sign-in.ts'
import { keptSignInTokens } from './sign-in/kept-tokens.ts'
import { SignInFile } from './sign-in/sign-in-file.ts'

/** Options that say where the server is. */
export const SERVER_OPTIONS = {
  url: { type: 'string', value: 'address', help: 'server, or FLEETSWEEP_URL' },
  tenant: { type: 'string', value: 'id', help: 'tenant, or FLEETSWEEP_TENANT' },
  ca: { type: 'string', value: 'path', help: 'CA certificate of the server (PEM), or FLEETSWEEP_CA' },
} as const satisfies CommandOptions

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean', help: 'print JSON for programs' },
  help: { type: 'boolean', short: 'h', help: 'print this' },
} as const satisfies CommandOptions

/** Options of every command that calls the API: where the server is and who asks. */
export const CONNECTION_OPTIONS = {
  ...SERVER_OPTIONS,
  'client-id': { type: 'string', value: 'id', help: 'application, or FLEETSWEEP_CLIENT_ID' },
  'client-secret-file': {
    type: 'string',
    value: 'path',
    help: 'file with its secret, or FLEETSWEEP_CLIENT_SECRET with the secret itself',
  },
  ...COMMON_OPTIONS,
} as const satisfies CommandOptions

/** What flags, else the environment, say about the server. */
export type GivenServer = {
  /** Without a slash at its end. */
  url: string | undefined
  tenant: string | undefined
  /** PEM. */
  ca: string | undefined
}

/**
 * Makes the client of an application when one is given, else of the person who is signed in.
 *
 * @throws UsageError that names everything that is missing
 * @throws CommandError when the stored sign-in must not be used
 */
export async function connect(options: CommandValues, io: CliIo): Promise<FleetsweepClient> {
  const server = await readServer(options, io)
  const clientId = textOption(options, 'client-id') ?? io.env.FLEETSWEEP_CLIENT_ID
  const clientSecret = await readSecret(options, io)
  if (!clientId && !clientSecret) {
    const file = new SignInFile(io)
    const kept = await file.read()
    if (kept) return connectAsPerson(file, kept, server, io)
  }
  const { url, tenant, ca } = server
  if (!url || !tenant || !clientId || !clientSecret) {
    const missing = [
      url ? '' : '--url or FLEETSWEEP_URL',
      tenant ? '' : '--tenant or FLEETSWEEP_TENANT',
      clientId ? '' : '--client-id or FLEETSWEEP_CLIENT_ID',
      clientSecret ? '' : '--client-secret-file or FLEETSWEEP_CLIENT_SECRET',
    ].filter((name) => name !== '')
    throw new UsageError(
      `Not connected. Sign in with: fleetsweep login. Or as an application; then please give: ${missing.join('; ')}.`,
    )
  }
  if (ca) io.trust(ca)
  const tokens = clientCredentials({ baseUrl: url, tenant, clientId, clientSecret }, io.runtime)
  return new FleetsweepClient({ baseUrl: url, tokens, runtime: io.runtime })
}

function connectAsPerson(
  file: SignInFile,
  kept: KeptSignIn,
  { url = kept.url, tenant = kept.tenant, ca = kept.ca ?? undefined }: GivenServer,
  io: CliIo,
): FleetsweepClient {
  const isThere = url === kept.url && [kept.tenant, kept.tenantName].includes(tenant.toLowerCase())
  if (!isThere) {
    throw new UsageError(
      `You are signed in to ${kept.tenantName} at ${kept.url}, not to ${tenant} at ${url}. Sign in there with: fleetsweep login --url ${url} --tenant ${tenant}`,
    )
  }
  if (ca) io.trust(ca)
  const tokens = keptSignInTokens(file, kept, io)
  return new FleetsweepClient({ baseUrl: kept.url, tokens, runtime: io.runtime })
}

/** @throws UsageError for an address that is none, or a certificate that cannot be read */
export async function readServer(options: CommandValues, io: CliIo): Promise<GivenServer> {
  const url = textOption(options, 'url') ?? io.env.FLEETSWEEP_URL
  const tenant = textOption(options, 'tenant') ?? io.env.FLEETSWEEP_TENANT
  const caFile = textOption(options, 'ca') ?? io.env.FLEETSWEEP_CA
  if (url && !/^https?:\/\/[^/]/i.test(url)) {
    throw new UsageError(`"${url}" is not the address of a server. It looks like https://fleetsweep.example`)
  }
  return {
    url: url?.replace(/\/+$/, '') || undefined,
    tenant: tenant || undefined,
    ca: caFile ? await readCertificate(caFile, io) : undefined,
  }
}

async function readSecret(options: CommandValues, io: CliIo): Promise<string | undefined> {
  const path = textOption(options, 'client-secret-file')
  return path === undefined ? io.env.FLEETSWEEP_CLIENT_SECRET : (await readable(io, path, 'secret')).trim()
}

async function readCertificate(path: string, io: CliIo): Promise<string> {
  const pem = await readable(io, path, 'CA certificate')
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw new UsageError(`"${path}" holds no certificate in PEM.`)
}

async function readable(io: CliIo, path: string, what: string): Promise<string> {
  try {
    return await io.readFile(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`The ${what} in "${path}" cannot be read: ${reason}`, { cause })
  }
}
