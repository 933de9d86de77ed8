// A program that signs a person in by device code, as people write it with Microsoft's library. Prints what the person
// is to do, then what came of it, each as a line of JSON.
import { PublicClientApplication } from '@azure/msal-node'
import { decodeJwt } from 'jose'

const [origin = '', tenant = '', clientId = ''] = process.argv.slice(2)
const scopes = [`${origin}/Machine.Read`, `${origin}/Machine.Scan`]
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`)

const application = new PublicClientApplication({
  auth: { clientId, authority: `${origin}/${tenant}`, knownAuthorities: [new URL(origin).host] },
})
const signedIn = await application.acquireTokenByDeviceCode({
  scopes,
  deviceCodeCallback: ({ userCode, verificationUri }) => say({ userCode, verificationUri }),
})
const account = signedIn?.account
if (!signedIn || !account) throw new Error('Nobody signed in.')
const renewed = await application.acquireTokenSilent({ account, scopes, forceRefresh: true })

const use = async (token: string) => {
  const answer = await fetch(`${origin}/api/machines`, { headers: { authorization: `Bearer ${token}` } })
  return { status: answer.status, scp: decodeJwt(token).scp }
}
say({
  username: account.username,
  tenantId: account.tenantId,
  first: await use(signedIn.accessToken),
  renewed: await use(renewed.accessToken),
  isAnother: renewed.accessToken !== signedIn.accessToken,
})
