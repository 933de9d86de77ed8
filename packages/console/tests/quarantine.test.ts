import type { FleetDetection, Me, QuarantinedFile } from '@fleetsweep/protocol'
import { buildDetection, buildReport, type FakeServer } from '@fleetsweep/testkit'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ConsoleBrowser, type OpenPage, signIn } from './console-browser.ts'

let browser: ConsoleBrowser
let server: FakeServer
let opened: OpenPage[]
let actionId: string
let detection: FleetDetection

beforeAll(async () => {
  browser = await ConsoleBrowser.start()
})
afterAll(() => browser[Symbol.asyncDispose]())

beforeEach(async () => {
  server = await browser.newServer()
  opened = []
  server.me = me(['Machine.StopAndQuarantine'], ['ActiveRemediationActions'])
  const action = server.addAction({ computerDnsName: 'lab-07' })
  actionId = action.id
  detection = buildDetection({ actionId, machineId: action.machineId, path: { text: '/srv/invoice.com' } })
  server.succeed(actionId, buildReport({ detections: 1 }), [detection])
})
afterEach(async () => {
  const complaints = opened.flatMap((one) => one.complaints)
  for (const { page } of opened) await page.context().close()
  await server[Symbol.asyncDispose]()
  // Broken scripts and everything that the content security policy would forbid.
  expect(complaints).toEqual([])
})

describe('a file in which a scan found a threat', () => {
  it('is moved to quarantine when somebody says why, and then shows that it is there', async () => {
    const page = await open(`/console/actions/${actionId}`)
    await page.getByRole('button', { name: 'Quarantine /srv/invoice.com' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('/srv/invoice.com').waitFor()
    await dialog.getByRole('button', { name: 'Quarantine' }).click()
    await sees(page, 'Say why')
    expect(server.quarantine.tasks.size).toBe(0)
    await page.getByLabel('Comment').fill('Case 7')
    await dialog.getByRole('button', { name: 'Quarantine' }).click()
    await sees(page, 'Quarantine: waiting for the machine…')
    expect(server.quarantine.lastTask).toMatchObject({
      verb: 'quarantine',
      detectionId: detection.id,
      comment: 'Case 7',
    })
    const quarantineId = 'a1b2c3d4-0000-4000-8000-00000000f11e'
    const moved = { ...detection, disposition: 'quarantined', quarantineId } as const
    server.succeed(actionId, buildReport({ detections: 1 }), [moved])
    server.quarantine.end({ status: 'Succeeded', sentence: 'The file is in quarantine.', quarantineId })
    await page.getByRole('button', { name: 'Restore /srv/invoice.com' }).waitFor()
  })

  it('says why the machine left it, and can be asked for again', async () => {
    const page = await open(`/console/actions/${actionId}`)
    await ask(page, 'Quarantine')
    server.quarantine.end({ status: 'Failed', sentence: 'The file has another content by now.' })
    await sees(page, 'Quarantine: The file has another content by now.')
    await page.getByRole('button', { name: 'Quarantine /srv/invoice.com' }).waitFor()
  })

  it('shows what the server says when it refuses', async () => {
    const page = await open(`/console/actions/${actionId}`)
    await page.getByRole('button', { name: 'Quarantine /srv/invoice.com' }).click()
    const target = '11111111-1111-4111-8111-111111111111'
    const error = { code: 'BadRequest', message: 'The file is in quarantine already', target }
    server.refuseNext({ path: /quarantine$/, status: 400, body: JSON.stringify({ error }) })
    await page.getByLabel('Comment').fill('Case 7')
    await page.getByRole('dialog').getByRole('button', { name: 'Quarantine' }).click()
    await page.getByRole('dialog').getByText('The file is in quarantine already').waitFor()
  })

  it.each([
    ['whose program may not', me([], ['ActiveRemediationActions'])],
    ['whose role does not allow it', me(['Machine.StopAndQuarantine'], ['ViewData'])],
    ['of whom the server says nothing', undefined],
  ])('shows no button to somebody %s', async (_, who) => {
    if (who) server.me = who
    else server.refuseNext({ path: /\/me$/, status: 404, body: '' })
    const page = await open(`/console/actions/${actionId}`)
    await sees(page, '/srv/invoice.com')
    await server.until(({ requests }) => requests.some((request) => request.endsWith('/me')))
    expect(await page.getByRole('button', { name: /^Quarantine/ }).count()).toBe(0)
  })
})

describe('the quarantine', () => {
  it('is empty at first, and says how files come there', async () => {
    const page = await open('/console/machines')
    await page.getByRole('link', { name: 'Quarantine' }).click()
    await sees(page, 'Nothing is in quarantine')
  })

  it('lists the files of all machines, of one, and in one state', async () => {
    server.quarantine.files.push(
      file('/srv/one', { machineId: 'a'.repeat(40), computerDnsName: 'lab-07' }),
      file('/srv/two', { machineId: 'b'.repeat(40), computerDnsName: 'lab-08', state: 'restored' }),
      file('/srv/three', { state: 'failed', failure: 'Its folder is gone.' }),
    )
    const page = await open('/console/quarantine')
    for (const text of ['/srv/one', '/srv/two', 'Its folder is gone.']) await sees(page, text)
    expect(await page.getByRole('button', { name: /^Restore/ }).count()).toBe(2)
    await page.getByLabel('Only files in this state').selectOption('Restored')
    await page.getByText('/srv/one').waitFor({ state: 'detached' })
    await sees(page, '/srv/two')
    await page.getByRole('link', { name: 'lab-08' }).click()
    await page.getByRole('heading', { name: 'Quarantine of one machine' }).waitFor()
    await page.getByRole('link', { name: 'Those of all machines' }).click()
    await page.getByLabel('Only files in this state').selectOption('In any state')
    await sees(page, '/srv/three')
  })

  it('gives a file back when somebody says why', async () => {
    const kept = file('/srv/invoice.com')
    server.quarantine.files.push(kept)
    const page = await open('/console/quarantine')
    await ask(page, 'Restore')
    expect(server.quarantine.lastTask).toMatchObject({ verb: 'restore', quarantineId: kept.id })
    server.quarantine.files.splice(0, 1, { ...kept, state: 'restored' })
    server.quarantine.end({ status: 'Succeeded', sentence: 'The file is back.' })
    await page.getByRole('table').getByText('Restored', { exact: true }).waitFor()
    expect(await page.getByRole('button', { name: /^Restore/ }).count()).toBe(0)
  })

  it('shows hostile names as text', async () => {
    server.quarantine.files.push(file('/srv/<img src=x onerror=alert(1)>\u202Egpj.exe'))
    const page = await open('/console/quarantine')
    await sees(page, '<img src=x onerror=alert(1)>')
    expect(await page.locator('img').count()).toBe(0)
  })
})

function me(permissions: Me['permissions'], rolePermissions: Me['rolePermissions']): Me {
  return {
    kind: 'user',
    id: 'a1b2c3d4-0000-4000-8000-0000000000aa',
    name: 'ada@contoso.example',
    tenant: 'a1b2c3d4-0000-4000-8000-000000000001',
    permissions,
    rolePermissions,
    reach: { allMachines: true, deviceGroups: [] },
  }
}

function file(path: string, given: Partial<QuarantinedFile> = {}): QuarantinedFile {
  return {
    id: crypto.randomUUID(),
    machineId: 'c'.repeat(40),
    computerDnsName: 'lab-09',
    state: 'quarantined',
    path: { text: path },
    threatName: 'Eicar-Test-Signature',
    sha256: null,
    sizeBytes: 68,
    detectionId: null,
    cause: 'policy',
    quarantinedAt: '2026-11-23T08:12:26.123456Z',
    restoredAt: null,
    failure: null,
    ...given,
  }
}

async function open(path: string): Promise<Page> {
  const one = await browser.open(server, {}, path)
  opened.push(one)
  await signIn(one.page, server)
  return one.page
}

/** Presses the button of the one file, gives a reason and confirms. */
async function ask(page: Page, verb: 'Quarantine' | 'Restore'): Promise<void> {
  await page.getByRole('button', { name: `${verb} /srv/invoice.com` }).click()
  await page.getByLabel('Comment').fill('Case 7')
  await page.getByRole('dialog').getByRole('button', { name: verb }).click()
  await sees(page, `${verb}: waiting for the machine…`)
}

async function sees(page: Page, text: string): Promise<void> {
  await page.getByText(text).first().waitFor()
}
