import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import type { CliIo } from './cli-io.ts'
import { type CommandOptions, type CommandValues, textOption, UsageError } from './command.ts'

/** Options that every command takes: where the server is and who asks. */
export const CONNECTION_OPTIONS = {
  url: { type: 'string', value: 'address', help: 'server, or FLEETSWEEP_URL' },
  tenant: { type: 'string', value: 'id', help: 'tenant, or FLEETSWEEP_TENANT' },
  'client-id': { type: 'string', value: 'id', help: 'application, or FLEETSWEEP_CLIENT_ID' },
  'client-secret-file': {
    type: 'string',
    value: 'path',
    help: 'file with its secret, or FLEETSWEEP_CLIENT_SECRET with the secret itself',
  },
  ca: { type: 'string', value: 'path', help: 'CA certificate of the server (PEM), or FLEETSWEEP_CA' },
  json: { type: 'boolean', help: 'print JSON for programs' },
  help: { type: 'boolean', short: 'h', help: 'print this' },
} as const satisfies CommandOptions

/** Makes the client from flags, else environment. @throws UsageError that names everything that is missing */
export async function connect(options: CommandValues, io: CliIo): Promise<FleetsweepClient> {
  const baseUrl = textOption(options, 'url') ?? io.env.FLEETSWEEP_URL
  const tenant = textOption(options, 'tenant') ?? io.env.FLEETSWEEP_TENANT
  const clientId = textOption(options, 'client-id') ?? io.env.FLEETSWEEP_CLIENT_ID
  const clientSecret = await readSecret(options, io)
  const ca = textOption(options, 'ca') ?? io.env.FLEETSWEEP_CA
  if (!baseUrl || !tenant || !clientId || !clientSecret) {
    const missing = [
      baseUrl ? '' : '--url or FLEETSWEEP_URL',
      tenant ? '' : '--tenant or FLEETSWEEP_TENANT',
      clientId ? '' : '--client-id or FLEETSWEEP_CLIENT_ID',
      clientSecret ? '' : '--client-secret-file or FLEETSWEEP_CLIENT_SECRET',
    ].filter((name) => name !== '')
    throw new UsageError(`Not connected. Please give: ${missing.join('; ')}.`)
  }
  if (!/^https?:\/\/[^/]/i.test(baseUrl)) {
    throw new UsageError(
      `"${baseUrl}" is not the address of a server. It looks like https://fleetsweep.example`,
    )
  }
  if (ca) trustFile(await readable(io, ca, 'CA certificate'), ca, io)
  const tokens = clientCredentials({ baseUrl, tenant, clientId, clientSecret }, io.runtime)
  return new FleetsweepClient({ baseUrl, tokens, runtime: io.runtime })
}

async function readSecret(options: CommandValues, io: CliIo): Promise<string | undefined> {
  const path = textOption(options, 'client-secret-file')
  return path === undefined ? io.env.FLEETSWEEP_CLIENT_SECRET : (await readable(io, path, 'secret')).trim()
}

async function readable(io: CliIo, path: string, what: string): Promise<string> {
  try {
    return await io.readFile(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`The ${what} in "${path}" cannot be read: ${reason}`, { cause })
  }
}

function trustFile(pem: string, path: string, io: CliIo): void {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new UsageError(`"${path}" holds no certificate in PEM.`)
  }
  io.trust(pem)
}
