// A whole installation with people in it: a real server, a real agent, the console in a real Chromium, and the
// command line as processes of its own. The console must have been built.
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import { freePort, LiveFleet } from '@fleetsweep/testkit'
import { launchChromium } from '@fleetsweep/testkit/chromium'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { CliProgram } from './cli-program.ts'

const PASSWORD = 'quiet river under stones'
/** Where pictures of the pages go, for whoever wants to look at them. */
const PICTURES = process.env.FLEETSWEEP_PICTURES
const Id = Compile(Type.Object({ id: Type.Union([Type.String(), Type.Integer()]) }))
const Link = Compile(Type.Object({ url: Type.String() }))

let folder: string
let fleet: LiveFleet
let browser: Browser
let application: FleetsweepClient
let machine: { id: string; name: string }

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fleetsweep-people-')))
  fleet = await LiveFleet.start({ listen: `127.0.0.1:${await freePort()}` })
  browser = await launchChromium()
  application = new FleetsweepClient({ baseUrl: fleet.url, tokens: clientCredentials(fleet.credentials) })
  const { token } = await application.createEnrollmentToken({ tags: ['lab'] })
  await fleet.startAgent(
    token,
    `quickPlaces = [${JSON.stringify(folder)}]\nfullRoots = [${JSON.stringify(folder)}]`,
  )
  const [enrolled] = await Array.fromAsync(application.listMachines())
  machine = { id: enrolled?.id ?? '', name: enrolled?.computerDnsName ?? '' }
})

afterAll(async () => {
  await browser.close()
  await fleet[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('the first administrator', () => {
  it('chooses a password by the link of the set-up, scans a machine in the console and sees it end', async () => {
    const page = await newPage({ colorScheme: 'dark' })
    await choosePassword(page, fleet.administrator.url)
    await page.goto(`${fleet.url}/console/`)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await signIn(page, fleet.administrator.userPrincipalName)
    await page.getByRole('heading', { name: 'Machines' }).waitFor()

    await page.getByRole('button', { name: `Scan ${machine.name}` }).click()
    await page.getByLabel('Comment').fill('alert 3212')
    await page.getByRole('button', { name: 'Request scan' }).click()
    await page.getByRole('heading', { name: `Quick scan of ${machine.name}` }).waitFor()
    await page.getByText('Succeeded', { exact: true }).first().waitFor()
    await picture(page, 'console-scan')

    const [action] = await Array.fromAsync(application.listMachineActions({ limit: 1 }))
    expect(action).toMatchObject({
      requestor: fleet.administrator.userPrincipalName,
      requestSource: 'Portal',
      requestorComment: 'alert 3212',
      status: 'Succeeded',
    })

    // A reload goes on by the session that the server keeps; signing out ends it.
    await page.reload()
    await page.getByRole('heading', { name: `Quick scan of ${machine.name}` }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.goto(`${fleet.url}/console/`)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByLabel('Password').waitFor()
  })
})

describe('a person on the command line', () => {
  beforeAll(async () => {
    const [viewers, operators, guests] = await Promise.all(
      ['Viewers', 'Operators', 'Guests'].map((displayName) => create('userGroups', { displayName })),
    )
    const role = { permissions: ['ViewData'], userGroupIds: [viewers] }
    await create('roles', { displayName: 'View', ...role })
    const permissions = ['ViewData', 'ActiveRemediationActions', 'Scan.Read.All']
    await create('roles', { displayName: 'Act', permissions, userGroupIds: [operators, guests] })
    const rules = { tag: [{ operator: 'equals', value: 'lab' }] }
    await create('deviceGroups', { displayName: 'Lab', rules, userGroupIds: [viewers, operators] })
    await Promise.all([
      addPerson('viewer@fleetsweep.local', viewers),
      addPerson('guest@fleetsweep.local', guests),
      addPerson('operator@fleetsweep.local', operators),
    ])
  })

  it('is refused without the permission', async () => {
    const cli = await signedInCli('viewer@fleetsweep.local')
    const { code, err } = await cli.run('scan', machine.id)
    expect(code).toBe(1)
    expect(err).toContain('Forbidden: This needs a role with the permission ActiveRemediationActions')
    expect((await cli.run('machines')).out).toContain(machine.id)
  })

  it('finds no such machine without its device group', async () => {
    const cli = await signedInCli('guest@fleetsweep.local')
    const { code, err } = await cli.run('scan', machine.id)
    expect(code).toBe(1)
    expect(err).toContain(`No machine "${machine.id}" within your reach`)
    expect((await cli.run('machines', '--json')).out).toBe('[]\n')
  })

  it('scans with both, under their own name, and signs out', async () => {
    const cli = await signedInCli('operator@fleetsweep.local')
    const { code, out } = await cli.run('scan', machine.id, '--wait', '--json')
    expect(code).toBe(0)
    const [scan] = JSON.parse(out)
    expect(await application.getMachineAction(scan.actionId)).toMatchObject({
      requestor: 'operator@fleetsweep.local',
      requestSource: 'Portal',
    })

    const token: string = JSON.parse(readFileSync(cli.file, 'utf8')).accessToken
    expect((await cli.run('logout')).code).toBe(0)
    const after = await fetch(`${fleet.url}/fleet/v1/me`, { headers: { authorization: `Bearer ${token}` } })
    expect(after.status).toBe(401)
    expect((await cli.run('machines')).code).toBe(2)
  })

  it('stays signed in when many commands find the token over at once', async () => {
    const cli = await signedInCli('operator@fleetsweep.local')
    const kept = JSON.parse(readFileSync(cli.file, 'utf8'))
    writeFileSync(cli.file, JSON.stringify({ ...kept, accessTokenEndsAtMs: 0 }), { mode: 0o600 })
    const ends = await Promise.all([1, 2, 3].map(() => cli.run('machines')))
    expect(ends.map(({ code, err }) => [code, err])).toEqual(Array(3).fill([0, '']))
    expect(JSON.parse(readFileSync(cli.file, 'utf8')).refreshToken).not.toBe(kept.refreshToken)
    expect((await cli.run('machines')).code).toBe(0)
  })
})

/** A fresh profile; at the end of the test the browser must have had nothing to complain of. */
async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  onTestFinished(async () => {
    await context.close()
    expect(complaints).toEqual([])
  })
  return page
}

async function choosePassword(page: Page, link: string): Promise<void> {
  await page.goto(link)
  await page.getByLabel('New password').fill(PASSWORD)
  await page.getByLabel('The same again').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByRole('button', { name: 'Set password' }).waitFor({ state: 'detached' })
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('User name').fill(name)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** A command line on which somebody has signed in by device code. */
async function signedInCli(name: string): Promise<CliProgram & { file: string }> {
  const configFolder = mkdtempSync(join(folder, 'config-'))
  const cli = new CliProgram(configFolder)
  const login = cli.start('login', '--url', fleet.url)
  const [, address = '', code = ''] = await login.said(/Open (\S+)\nand enter the code (\S+)/)
  const page = await newPage()
  await page.goto(address)
  await page.getByLabel('Code').fill(code)
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  await signIn(page, name)
  await page.getByRole('heading', { name: 'Signed in' }).waitFor()
  const { code: exitCode, err } = await login.ended
  expect(exitCode).toBe(0)
  expect(err).toContain(`Signed in as ${name} at ${fleet.url}.`)
  return Object.assign(cli, { file: join(configFolder, 'fleetsweep', 'sign-in.json') })
}

async function create(what: string, body: object): Promise<string | number> {
  return Id.Parse(await call(`/fleet/v1/${what}`, body)).id
}

async function addPerson(userPrincipalName: string, userGroup: string | number | undefined): Promise<void> {
  const body = { userPrincipalName, displayName: userPrincipalName, userGroupIds: [userGroup] }
  const id = await create('users', body)
  const { url } = Link.Parse(await call(`/fleet/v1/users/${id}/passwordLink`, {}))
  const context = await browser.newContext()
  await choosePassword(await context.newPage(), url)
  await context.close()
}

/** A call of the application's to the part of the API that `FleetsweepClient` leaves to others. */
async function call(path: string, body: object): Promise<unknown> {
  const authorization = `Bearer ${await clientCredentials(fleet.credentials).get()}`
  const headers = { authorization, 'content-type': 'application/json' }
  const answer = await fetch(fleet.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `${name}.png`) })
}
