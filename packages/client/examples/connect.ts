// The server, and the application that these examples call as, come from the environment, as for the command line.
import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'

export function connect(): FleetsweepClient {
  const baseUrl = setting('FLEETSWEEP_URL')
  const tokens = clientCredentials({
    baseUrl,
    tenant: setting('FLEETSWEEP_TENANT'),
    clientId: setting('FLEETSWEEP_CLIENT_ID'),
    clientSecret: setting('FLEETSWEEP_CLIENT_SECRET'),
  })
  return new FleetsweepClient({ baseUrl, tokens })
}

export function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`Please set ${name}.`)
  return value
}
