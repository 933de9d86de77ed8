import {
  buildDetection,
  buildEngine,
  buildMachineEngine,
  buildProgress,
  buildReport,
  type FakeServer,
} from '@fleetsweep/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { signIn, signInAsApplication } from './console-browser.ts'
import { isLive, sees, useConsole } from './use-console.ts'

const tests = useConsole()
const { open, openSignedIn, openAction, refuse } = tests
let server: FakeServer
beforeEach(() => {
  server = tests.server
})

describe('signing in', () => {
  it('goes through the server’s own page, and shows who came back', async () => {
    const page = await open()
    await sees(page, 'With your account at contoso.example.')
    await signIn(page, server)
    await page.getByRole('heading', { name: 'Machines' }).waitFor()
    await sees(page, 'Ada Lovelace')
  })

  it('goes on to the page that was asked for, and leaves no code in the address or behind it', async () => {
    const action = server.addAction({ computerDnsName: 'lab-07' })
    const page = await open(undefined, `/console/actions/${action.id}?from=mail`)
    await signIn(page, server)
    await page.getByRole('heading', { name: 'Quick scan of lab-07' }).waitFor()
    expect(page.url()).toBe(`${server.baseUrl}/console/actions/${action.id}?from=mail`)
    await page.goBack()
    expect(page.url()).not.toContain('code=')
  })

  it('asks for the organisation where the server has several, and takes it from the address', async () => {
    server.people.onlyTenant = false
    const page = await open()
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await sees(page, 'The organisation’s domain is needed.')
    await page.getByLabel('Organisation').fill('contoso.example')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'ada@contoso.example' }).waitFor()
    const other = await open(undefined, '/console/?tenant=contoso.example')
    await signIn(other, server)
    await other.getByRole('heading', { name: 'Machines' }).waitFor()
  })

  it('keeps tokens in memory alone', async () => {
    const page = await openSignedIn()
    const stored = await page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }, document.cookie])
    expect(stored).toEqual([{}, { 'fleetsweep.tenant': 'contoso.example' }, ''])
  })

  it('survives a reload without a word, on the page that was shown', async () => {
    const page = await openSignedIn()
    await page.getByRole('link', { name: 'Machine actions' }).click()
    await page.getByRole('heading', { name: 'Machine actions' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Machine actions' }).waitFor()
    await sees(page, 'Ada Lovelace')
  })

  it('asks again after a reload once the server’s session is over', async () => {
    const page = await openSignedIn()
    server.people.endAll()
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })

  it('says so in the midst of work when the sign-in is over, and goes on there after signing in', async () => {
    const page = await openSignedIn()
    server.people.endAll()
    await page.getByRole('link', { name: 'Machine actions' }).click()
    await sees(page, 'Your sign-in is over')
    await page.getByRole('button', { name: 'Sign in again' }).click()
    await page.getByRole('link', { name: 'ada@contoso.example' }).click()
    await page.getByRole('heading', { name: 'Machine actions' }).waitFor()
  })

  it('says when the person said no', async () => {
    const page = await open()
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('link', { name: 'No', exact: true }).click()
    await sees(page, 'The server answered with access_denied.')
    expect(page.url()).toBe(`${server.baseUrl}/console/`)
  })

  it('takes no answer to a sign-in that this tab did not begin', async () => {
    const page = await open(undefined, '/console/signed-in?code=stolen&state=made-up')
    await sees(page, 'begun in another tab')
    expect(server.requests.filter((request) => request.includes('/token'))).toEqual([])
  })
})

describe('signing out', () => {
  it('ends the session at the server and comes back to the sign-in page, for good', async () => {
    const page = await openSignedIn()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await expect.poll(() => server.people.signIns).toBe(0)
    await page.goBack()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })
})

describe('signing in as an application', () => {
  it('says what is missing before it asks the server', async () => {
    const page = await open()
    await page.getByRole('button', { name: 'Sign in as an application' }).click()
    await page.getByLabel('Application id').fill('contoso')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await sees(page, 'An application id looks like')
    await sees(page, 'The application’s secret is needed.')
    expect(server.requests.filter((request) => request.startsWith('POST'))).toEqual([])
  })

  it('shows why the server refuses, and takes the right secret afterwards', async () => {
    const page = await open()
    await signInAsApplication(page, server, 'wrong')
    await sees(page, 'AADSTS7000215')
    await page.getByLabel('Secret').fill(server.clientSecret)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Machines' }).waitFor()
    await sees(page, `Application ${server.clientId.slice(0, 8)}`)
  })

  it('leaves the secret in no storage, and ends with the page', async () => {
    const page = await open()
    await signInAsApplication(page, server)
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    const stored = await page.evaluate(() => [
      Object.keys(localStorage),
      Object.keys(sessionStorage),
      document.cookie,
    ])
    expect(stored).toEqual([[], [], ''])
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })
})

describe('the head of every page', () => {
  it('leads to the description of the API', async () => {
    const link = (await openSignedIn()).getByRole('link', { name: 'The API, to read and try' })
    expect(await link.getAttribute('href')).toBe('/api-docs')
  })
})

describe('the list of machines', () => {
  it('says what to do when there are none', async () => {
    await sees(await openSignedIn(), 'No machines within your reach')
  })

  it('narrows by the beginning of a name', async () => {
    server.addMachine({ computerDnsName: 'lab-01' })
    server.addMachine({ computerDnsName: 'web-01' })
    const page = await openSignedIn()
    await sees(page, 'web-01')
    await page.getByRole('searchbox').fill('lab')
    await page.getByText('web-01').waitFor({ state: 'detached' })
    await sees(page, 'lab-01')
  })

  it('shows names from outside as text', async () => {
    server.addMachine({ computerDnsName: '<img src=x onerror=alert(1)>\u202egpj.exe' })
    const page = await openSignedIn()
    await sees(page, '<img src=x onerror=alert(1)>\\u{202e}gpj.exe')
    expect(await page.locator('img').count()).toBe(0)
  })

  it('says what a machine scans with, and how good its signatures are', async () => {
    const { id } = server.addMachine({ computerDnsName: 'lab-01' })
    const { signatures, ...engine } = buildMachineEngine({ machineId: id })
    server.engines.push({ ...engine, signatures: { ...signatures, state: 'testOnly' } })
    const page = await openSignedIn()
    await sees(page, 'ClamAV 1.4.6, started for scans')
    await sees(page, 'test signatures only')
  })

  it('shows times in the zone of the reader', async () => {
    server.addMachine({ lastSeen: '2026-11-23T08:12:26.5Z' })
    await sees(await openSignedIn({ timezoneId: 'Asia/Tokyo' }), '23 Nov 2026, 17:12:26')
  })

  it('says that it was refused, and why', async () => {
    refuse(/api\/machines/, 403, 'Forbidden', 'This takes Machine.Read.All')
    const page = await openSignedIn()
    await sees(page, 'You may not see machines')
    await sees(page, 'This takes Machine.Read.All. Ask an administrator for it.')
  })

  it('says that it failed, and tries again when asked to', async () => {
    server.addMachine({ computerDnsName: 'lab-01' })
    refuse(/api\/machines/, 500, 'InternalServerError', 'Something went wrong')
    const page = await openSignedIn()
    await sees(page, 'Could not load machines')
    await sees(page, 'Look for 11111111-1111-4111-8111-111111111111')
    server.refuseNothing()
    await page.getByRole('button', { name: 'Try again' }).click()
    await sees(page, 'lab-01')
  })
})

describe('machine actions, live', () => {
  it('shows new ones and their progress in the list without a reload', async () => {
    const page = await openSignedIn()
    await page.getByRole('link', { name: 'Machine actions' }).click()
    await sees(page, 'No machine actions yet')
    await isLive(page)
    const action = server.addAction({ computerDnsName: 'lab-09' })
    server.move(action.id, { status: 'InProgress' })
    server.progress(action.id, buildProgress({ percent: 37.9 }))
    await sees(page, 'lab-09')
    await sees(page, '37 %')
    server.succeed(action.id, buildReport())
    await sees(page, 'Succeeded')
    await page.getByText('37 %').waitFor({ state: 'detached' })
  })

  it('shows one from waiting to what it found', async () => {
    const action = server.addAction({}, { waitingFor: 'The machine is not connected.' })
    const page = await openAction(action.id)
    await sees(page, 'The machine is not connected.')
    server.move(action.id, { status: 'InProgress' }, { waitingFor: null })
    server.progress(action.id, buildProgress({ percent: 40 }))
    await page.getByRole('progressbar', { name: '40.0 %' }).waitFor()
    await sees(page, '480 of 1,200 files')
    const detection = buildDetection({ actionId: action.id })
    server.succeed(action.id, buildReport({ detections: 1 }), [detection])
    await sees(page, 'Threats found')
    await sees(page, '/tmp/eicar.com')
    await sees(page, detection.sha256 ?? '')
    expect(await page.getByRole('progressbar').count()).toBe(0)
    const total = page.getByRole('row', { name: /Met in all/ })
    expect(await total.innerText()).toContain('1,200')
  })

  it('says clean only of official signatures', async () => {
    const ended = { status: 'Succeeded', endedAt: '2026-11-23T08:13:00Z' } as const
    const good = server.addAction({ status: 'Succeeded' }, { ...ended, report: buildReport() })
    const engine = buildEngine({ official: false, version: null, builtAt: null, count: 2 })
    const test = server.addAction({ status: 'Succeeded' }, { ...ended, report: buildReport({ engine }) })
    const page = await openAction(good.id)
    await sees(page, 'clean; all 1,200 files scanned')
    const other = await openAction(test.id)
    await sees(other, 'nothing found by test signatures')
    expect(await other.getByText(/^clean/i).count()).toBe(0)
  })

  it('cancels one and shows when its machine has proven that it stopped', async () => {
    const action = server.addAction({ status: 'InProgress' })
    const page = await openAction(action.id)
    await page.getByRole('button', { name: 'Cancel scan…' }).click()
    await page.getByLabel('Comment').fill('not needed')
    await page.getByRole('button', { name: 'Cancel scan', exact: true }).click()
    await sees(page, 'has not proven yet')
    await sees(page, 'not needed')
    const stop = {
      orderedAt: '2026-11-23T08:12:30Z',
      provenAt: '2026-11-23T08:12:31Z',
      proof: 'processGone',
      stoppedWithinMs: 400,
    } as const
    server.move(action.id, {}, { stop })
    await sees(page, 'after 0.4 s: the engine has ended')
  })

  it('reads anew what happened while the stream was cut', async () => {
    const action = server.addAction()
    const page = await openAction(action.id)
    await isLive(page)
    server.endStreams()
    await sees(page, 'Reconnecting')
    server.succeed(action.id, buildReport())
    await isLive(page)
    await sees(page, 'Succeeded')
  })

  it('says that it is not live where live events are refused', async () => {
    refuse(/events/, 403, 'Forbidden', 'This takes Scan.Read.All')
    await sees(await openSignedIn(), 'Not live')
  })

  it('shows an action to somebody who may not see its scan', async () => {
    const action = server.addAction({ status: 'Failed', troubleshootInfo: 'The engine is missing' })
    refuse(/scans/, 403, 'Forbidden', 'This takes Scan.Read.All')
    const page = await openAction(action.id)
    await sees(page, 'You may not see the scan’s report')
    await sees(page, 'The engine is missing')
  })

  it('says when there is no such action', async () => {
    const page = await openSignedIn()
    await page.goto(`${server.baseUrl}/console/actions/missing`)
    await sees(page, 'No such machine action within your reach')
  })
})

describe('colours', () => {
  it.each(['light', 'dark'] as const)(
    'follow a system that is %s, until the reader chooses',
    async (colorScheme) => {
      const page = await openSignedIn({ colorScheme })
      const brightness = () =>
        page.locator('#root > div').evaluate((root) => {
          const [red = 0] = getComputedStyle(root).backgroundColor.match(/\d+/g)?.map(Number) ?? []
          return red > 128 ? 'light' : 'dark'
        })
      expect(await brightness()).toBe(colorScheme)
      const other = colorScheme === 'dark' ? 'light' : 'dark'
      await page.getByRole('button', { name: `Use ${other} colours` }).click()
      expect(await brightness()).toBe(other)
    },
  )
})
