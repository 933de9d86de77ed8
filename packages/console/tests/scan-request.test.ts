import type { FakeServer } from '@fleetsweep/testkit'
import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { sees, useConsole } from './use-console.ts'

const tests = useConsole()
const { openSignedIn } = tests
let server: FakeServer
beforeEach(() => {
  server = tests.server
})

describe('requesting a scan', () => {
  it('takes nothing but a keyboard, and hides nothing from screen readers afterwards', async () => {
    server.addMachine({ computerDnsName: 'lab-01' })
    const page = await openSignedIn()
    await page.getByRole('button', { name: 'Scan lab-01' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('radio', { name: /^Quick/ }).waitFor()
    await expect.poll(() => focused(page)).toBe('Quick')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.type('alert 3212')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Full scan of lab-01' }).waitFor()
    expect([...server.actions.values()]).toMatchObject([{ scope: 'Full', requestorComment: 'alert 3212' }])
    await expect.poll(() => page.locator('#root').getAttribute('aria-hidden')).toBeNull()
  })

  it('wants to know why', async () => {
    const page = await openScanDialog()
    await page.getByRole('button', { name: 'Request scan' }).click()
    await sees(page, 'Say why')
    expect(server.actions.size).toBe(0)
  })

  it('shows why the server refuses', async () => {
    const page = await openScanDialog()
    const [machine] = server.machines
    if (!machine) throw new Error('no machine')
    server.addAction({ machineId: machine.id, status: 'InProgress' })
    await page.getByLabel('Comment').fill('why')
    await page.getByRole('button', { name: 'Request scan' }).click()
    await sees(page, 'Action is already in progress')
  })

  it('says which paths it cannot take before it asks, and asks for those that it can', async () => {
    const page = await openScanDialog()
    await page.getByLabel('Comment').fill('why')
    await page.getByRole('radio', { name: /^Custom/ }).check()
    await page.getByRole('button', { name: 'Request scan' }).click()
    await sees(page, 'Say what to scan')
    await page.getByLabel('Paths').fill('upload\n/srv')
    await sees(page, 'Paths holds "upload", which is not absolute: write it from the root on')
    expect(server.actions.size).toBe(0)
    await page.getByLabel('Paths').fill('/srv/upload\n/srv/<b>mail</b>')
    await page.getByRole('checkbox', { name: /^Read every file again/ }).check()
    await page.getByRole('button', { name: 'Request scan' }).click()
    await page.getByRole('heading', { name: 'Custom scan of lab-01' }).waitFor()
    await sees(page, '/srv/<b>mail</b>')
    expect([...server.scans.values()]).toMatchObject([
      { scanType: 'Custom', paths: ['/srv/upload', '/srv/<b>mail</b>'], rescan: true },
    ])
  })

  it('starts nothing twice when it is asked for again after the answer got lost', async () => {
    const page = await openScanDialog()
    await page.getByLabel('Comment').fill('why')
    const request = page.getByRole('button', { name: 'Request scan' })
    // Done by the server, and never heard of by the page.
    await page.route('**/scans', async (route) => {
      await route.fetch()
      await route.abort()
    })
    await request.click()
    await sees(page, 'No answer from')
    await page.unroute('**/scans')
    await request.click()
    await page.getByRole('heading', { name: 'Quick scan of lab-01' }).waitFor()
    expect(server.actions.size).toBe(1)
    expect(new Set(server.scanRequests.keys).size).toBe(1)
    expect(server.scanRequests.keys[0]).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is dropped with Escape', async () => {
    const page = await openScanDialog()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Scan lab-01' }).waitFor()
    expect(server.actions.size).toBe(0)
  })
})

async function openScanDialog(): Promise<Page> {
  server.addMachine({ computerDnsName: 'lab-01' })
  const page = await openSignedIn()
  await page.getByRole('button', { name: 'Scan lab-01' }).click()
  await page.getByRole('dialog').waitFor()
  return page
}

function focused(page: Page): Promise<string | null> {
  return page.evaluate(() => document.activeElement?.getAttribute('value') ?? null)
}
