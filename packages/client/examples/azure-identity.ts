// Calls with a credential of Microsoft's own library, such as the one that a playbook has already.
import { ClientSecretCredential } from '@azure/identity'
import { FleetsweepClient, safeText, tokensFrom } from '@fleetsweep/client'
import { setting } from './connect.ts'

const baseUrl = setting('FLEETSWEEP_URL')
const credential = new ClientSecretCredential(
  setting('FLEETSWEEP_TENANT'),
  setting('FLEETSWEEP_CLIENT_ID'),
  setting('FLEETSWEEP_CLIENT_SECRET'),
  // For the real Defender, leave both out.
  { authorityHost: baseUrl, disableInstanceDiscovery: true },
)
const client = new FleetsweepClient({ baseUrl, tokens: tokensFrom(credential, `${baseUrl}/.default`) })
for await (const { id, computerDnsName, healthStatus } of client.listMachines()) {
  console.log(`${safeText(computerDnsName ?? id)}: ${healthStatus}`)
}
