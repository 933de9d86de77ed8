// The libraries that clients of the Defender API sign in with must find nothing odd here.
// https://learn.microsoft.com/en-us/entra/msal/javascript/node/
// https://learn.microsoft.com/en-us/javascript/api/@azure/identity
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import {
  ALL_API_HOSTS,
  type CreatedEnrollmentToken,
  instantFromMs,
  LOGIN_HOSTS,
  type Machine,
} from '@fleetsweep/protocol'
import { freePort, LiveFleet } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientCertificate } from '../packages/server/tests/client-certificate.ts'
import { wire } from '../packages/server/tests/program.ts'
import type { Outcome, Task } from './sign-in-libraries/client.ts'

const CLIENT = fileURLToPath(new URL('./sign-in-libraries/client.ts', import.meta.url))
const REDIRECT = new URL('./sign-in-libraries/redirect.ts', import.meta.url).href
const ALIASES = ['commercial', 'regional', 'gcc', 'gcc-high', 'login']
const LIBRARIES = ['msal', 'identity'] as const

let folder: string
let fleet: LiveFleet
let ca: string
let machineId: string
let proofs: Record<'secret' | 'certificate', Task['proof']>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleetsweep-files-'))
  mkdirSync(join(folder, 'quick'))
  fleet = await LiveFleet.start({
    listen: `127.0.0.1:${await freePort()}`,
    application: 'SOC automation',
    tls: { aliases: ALIASES },
  })
  ca = readFileSync(fleet.caFile ?? '', 'utf8')
  const { clientId, clientSecret } = fleet.credentials
  const call = await caller()
  await call(`PUT /fleet/v1/applications/${clientId}/limits`, { perMinute: 100_000, perHour: 100_000 })
  const { pem, privatePem, sha256 } = await clientCertificate(instantFromMs(Date.now()))
  await call(`POST /fleet/v1/applications/${clientId}/certificates`, { certificate: pem })
  proofs = {
    secret: { secret: clientSecret },
    certificate: { certificate: pem, privateKey: privatePem, thumbprintSha256: sha256.toString('hex') },
  }
  const { token } = await call<CreatedEnrollmentToken>('POST /fleet/v1/enrollmentTokens', {})
  await fleet.startAgent(token, `quickPlaces = [${JSON.stringify(join(folder, 'quick'))}]`)
  const { value } = await call<{ value: Machine[] }>('GET /api/machines')
  machineId = value[0]?.id ?? ''
})

afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Calls as the application that `init` registered, trusting its authority alone. */
async function caller() {
  const { tenant, clientId, clientSecret } = fleet.credentials
  const form = {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    scope: `${fleet.url}/.default`,
  }
  const signedIn = await wire(`POST ${fleet.url}/${tenant}/oauth2/v2.0/token`, {
    ca,
    body: new URLSearchParams(form).toString(),
  })
  const headers = {
    authorization: `Bearer ${JSON.parse(signedIn.body).access_token}`,
    'content-type': 'application/json',
  }
  return async <T>(target: string, body?: object): Promise<T> => {
    const [method, path] = target.split(' ')
    const answer = await wire(`${method} ${fleet.url}${path}`, {
      ca,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (answer.status >= 300) throw new Error(`${target} was answered ${answer.status}: ${answer.body}`)
    return JSON.parse(answer.body)
  }
}

/** Carries tasks out in a process of its own, which trusts the authority of the server and reaches nothing else. */
async function carryOut(tasks: readonly Task[]): Promise<Outcome[]> {
  const child = spawn(process.execPath, ['--import', REDIRECT, CLIENT], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: fleet.caFile ?? '',
      FLEETSWEEP_TEST_HOSTS: [...ALL_API_HOSTS, ...LOGIN_HOSTS].join(','),
      FLEETSWEEP_TEST_PORT: new URL(fleet.url).port,
    },
  })
  child.stdin.end(JSON.stringify(tasks))
  const lines = (await text(child.stdout)).trim().split('\n')
  return lines.map((line) => JSON.parse(line))
}

const taskWith = (given: Pick<Task, 'library' | 'proof' | 'login' | 'api'> & Partial<Task>): Task => ({
  isMicrosoft: true,
  tenant: fleet.credentials.tenant,
  clientId: fleet.credentials.clientId,
  machineId,
  ...given,
})

describe('a client that signs in with a library of Microsoft’s', () => {
  it.each(
    LIBRARIES.flatMap((library) => (['secret', 'certificate'] as const).map((by) => [library, by] as const)),
  )('scans a machine at this server’s own name: %s with a %s', async (library, by) => {
    const own = `localhost:${new URL(fleet.url).port}`
    const task = taskWith({ library, proof: proofs[by], login: own, api: own, isMicrosoft: false })
    const [outcome] = await carryOut([task])
    expect(outcome).toEqual({
      task,
      issuer: issuerAt(own),
      context: `https://${own}/api/$metadata#MachineActions/$entity`,
      requestor: 'SOC automation',
      status: 'Succeeded',
    })
  })

  it('scans a machine at every name of Microsoft’s API', async () => {
    const tasks = ALL_API_HOSTS.map((api, n) => {
      const login = api.includes('api-gov') ? 'login.microsoftonline.us' : 'login.microsoftonline.com'
      return taskWith({ ...variant(n), login, api })
    })
    expect(await carryOut(tasks)).toEqual(
      tasks.map((task) => ({
        task,
        issuer: issuerAt(task.login),
        context: `https://${task.api}/api/$metadata#MachineActions/$entity`,
        requestor: 'SOC automation',
        status: 'Succeeded',
      })),
    )
  }, 120_000)

  it('is let in at every login host for every name of the API', async () => {
    const tasks = LOGIN_HOSTS.flatMap((login) =>
      ALL_API_HOSTS.flatMap((api, n) => [
        taskWith({ ...variant(n), login, api, machineId: null }),
        taskWith({ library: 'none', proof: proofs.secret, login, api, machineId: null }),
      ]),
    )
    expect(await carryOut(tasks)).toEqual(
      tasks.map((task) => ({
        task,
        issuer: task.library === 'none' ? issuerAt(task.login, '') : issuerAt(preferred(task.login)),
        context: `https://${task.api}/api/$metadata#Machines`,
      })),
    )
  }, 120_000)
})

function issuerAt(host: string, version = 'v2.0'): string {
  return `https://${host}/${fleet.credentials.tenant}/${version}`
}

/** The libraries know that Microsoft gave up one name for another, and go there at once. */
function preferred(login: string): string {
  return login === 'login.windows.net' ? 'login.microsoftonline.com' : login
}

/** Both libraries and both proofs by turns. */
function variant(n: number): Pick<Task, 'library' | 'proof'> {
  return { library: n % 2 === 0 ? 'msal' : 'identity', proof: n % 4 < 2 ? proofs.secret : proofs.certificate }
}
