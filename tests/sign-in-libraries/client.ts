// A client of the Defender API as people write them: a sign-in library of Microsoft's, then plain calls. Reads what to
// do from standard input, and prints what came of each task as a line of JSON.
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { ClientCertificateCredential, ClientSecretCredential } from '@azure/identity'
import { ConfidentialClientApplication } from '@azure/msal-node'
import { decodeJwt } from 'jose'

export type Task = {
  /** `none`: the form that the oldest samples send to the first version of the token endpoint. */
  library: 'msal' | 'identity' | 'none'
  /** Host of the authority, with a port where it is not 443. */
  login: string
  /** True for a login host that the libraries know as Microsoft's. */
  isMicrosoft: boolean
  tenant: string
  clientId: string
  proof: { secret: string } | { certificate: string; privateKey: string; thumbprintSha256: string }
  /** Host of the API; the audience is the same. */
  api: string
  /** What to scan; null only to list the machines. */
  machineId: string | null
}
export type Outcome = {
  task: Task
  /** As the token says it. */
  issuer: string
  context: string
  requestor?: string
  status?: string
  error?: string
}

const POLL_MS = 200
const FINAL = ['Succeeded', 'Failed', 'TimeOut', 'Cancelled']

const SIGN_IN: Record<Task['library'], (task: Task) => Promise<string | undefined>> = {
  msal: signInByMsal,
  identity: signInByIdentity,
  none: signInByForm,
}

async function signInByMsal({ login, isMicrosoft, tenant, clientId, proof, api }: Task) {
  const application = new ConfidentialClientApplication({
    auth: {
      clientId,
      authority: `https://${login}/${tenant}`,
      ...(isMicrosoft ? {} : { knownAuthorities: [login] }),
      ...('secret' in proof
        ? { clientSecret: proof.secret }
        : {
            clientCertificate: { thumbprintSha256: proof.thumbprintSha256, privateKey: proof.privateKey },
          }),
    },
  })
  const answer = await application.acquireTokenByClientCredential({ scopes: [`https://${api}/.default`] })
  return answer?.accessToken
}

async function signInByIdentity({ login, isMicrosoft, tenant, clientId, proof, api }: Task) {
  const options = { authorityHost: `https://${login}`, disableInstanceDiscovery: !isMicrosoft }
  const credential =
    'secret' in proof
      ? new ClientSecretCredential(tenant, clientId, proof.secret, options)
      : new ClientCertificateCredential(
          tenant,
          clientId,
          { certificate: `${proof.privateKey}\n${proof.certificate}` },
          options,
        )
  return (await credential.getToken(`https://${api}/.default`)).token
}

async function signInByForm({ login, tenant, clientId, proof, api }: Task) {
  const answer = await fetch(`https://${login}/${tenant}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      resource: `https://${api}`,
      client_id: clientId,
      client_secret: 'secret' in proof ? proof.secret : '',
      grant_type: 'client_credentials',
    }),
  })
  return ((await answer.json()) as { access_token?: string }).access_token
}

async function carryOut(task: Task): Promise<Outcome> {
  const token = (await SIGN_IN[task.library](task)) ?? ''
  const { iss: issuer = '' } = decodeJwt(token)
  const call = async (path: string, body?: object): Promise<Record<string, string>> => {
    const answer = await fetch(`https://${task.api}/api${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    const json = (await answer.json()) as Record<string, string>
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${JSON.stringify(json)}`)
    return json
  }
  if (task.machineId === null) {
    const { '@odata.context': context = '' } = await call('/machines')
    return { task, issuer, context }
  }
  const order = { Comment: 'Check machine for viruses due to alert 3212', ScanType: 'Quick' }
  let action = await call(`/machines/${task.machineId}/runAntiVirusScan`, order)
  while (!FINAL.includes(action.status ?? '')) {
    await setTimeout(POLL_MS)
    action = await call(`/machineactions/${action.id}`)
  }
  const { '@odata.context': context = '', status = '', requestor = '' } = action
  return { task, issuer, context, status, requestor }
}

for (const task of JSON.parse(await text(process.stdin)) as Task[]) {
  const outcome = await carryOut(task).catch(
    (error): Outcome => ({
      task,
      issuer: '',
      context: '',
      error: error instanceof Error ? error.message : String(error),
    }),
  )
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}
