// Signs a person in who opens a page on any device, and lists the machines that they reach.
import { beginDeviceSignIn, FleetsweepClient, refreshing, safeText } from '@fleetsweep/client'
import { setting } from './connect.ts'

const place = {
  baseUrl: setting('FLEETSWEEP_URL'),
  tenant: setting('FLEETSWEEP_TENANT'),
  // An application that people may sign in with by a code; see docs/applications.md.
  clientId: setting('FLEETSWEEP_CLIENT_ID'),
}
const signIn = await beginDeviceSignIn(place)
console.log(`Open ${signIn.verificationUri} and enter ${signIn.userCode}`)
const { person, tokens } = await signIn.wait()
console.log(`Signed in as ${person.userPrincipalName}`)

// In memory only: `keeper` keeps a sign-in for later processes.
const client = new FleetsweepClient({ baseUrl: place.baseUrl, tokens: refreshing(place, tokens) })
for await (const { id, computerDnsName, healthStatus } of client.listMachines()) {
  console.log(`${safeText(computerDnsName ?? id)}: ${healthStatus}`)
}
