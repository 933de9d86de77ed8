import type { FakeServer } from '@fleetsweep/testkit'
import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { sees, useConsole } from './use-console.ts'

const tests = useConsole()
const { openSignedIn, refuse } = tests
let server: FakeServer
beforeEach(() => {
  server = tests.server
})

describe('the page of device groups', () => {
  it('shows how each group is scanned, whatever it is called', async () => {
    server.scanPolicies.add({
      deviceGroupName: '<img src=x>\u202eLab',
      cpuCeilingPercent: 25,
      windows: [{ days: ['sat', 'sun'], from: '22:00', to: '06:00' }],
      exclusions: ['/srv/<b>mail</b>'],
      onDetection: 'quarantine',
    })
    const page = await openGroups()
    const row = page.getByRole('row', { name: /Lab/ })
    const words = await row.innerText()
    expect(words).toContain('<img src=x>\\u{202e}Lab')
    expect(words).toMatch(/25 %\s+sat, sun 22:00–06:00\s+go into quarantine\s+\/srv\/<b>mail<\/b>/)
    expect(await page.getByRole('row', { name: /Ungrouped/ }).innerText()).toMatch(/50 %\s+at any time/)
  })

  it('changes what was touched, and nothing else', async () => {
    const { deviceGroupId } = server.scanPolicies.add({ deviceGroupName: 'Lab', exclusions: ['/srv/mail'] })
    const page = await openGroups()
    await page.getByRole('button', { name: 'Change the policy of Lab' }).click()
    await page.getByRole('button', { name: 'Add a window' }).click()
    const first = page.getByRole('group', { name: 'Window 1' })
    for (const day of ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'])
      await first.getByRole('checkbox', { name: day }).uncheck()
    await first.getByLabel('To').fill('05:30')
    // Somebody else changes another part meanwhile.
    server.scanPolicies.answer(
      `PATCH /fleet/v1/deviceGroups/${deviceGroupId}/scanPolicy`,
      { cpuCeilingPercent: 10 },
      server.now(),
    )
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await sees(page, 'sat, sun 22:00–05:30')
    expect(server.scanPolicies.all[0]).toMatchObject({ cpuCeilingPercent: 10, exclusions: ['/srv/mail'] })
  })

  it('says what cannot be, in the words of the server, before it asks', async () => {
    const page = await openGroups()
    await page.getByRole('button', { name: /^Change the policy of Ungrouped/ }).click()
    await page.getByLabel('CPU at most').fill('4')
    await page.getByLabel('Exclusions').fill('/')
    await page.getByRole('button', { name: 'Save' }).click()
    await sees(page, 'A whole number from 5 to 100.')
    await sees(page, 'Exclusions names /, the root of a file system: nothing would be scanned.')
    expect(server.requests.filter((request) => request.startsWith('PATCH'))).toEqual([])
  })

  it('puts the defaults back', async () => {
    server.scanPolicies.add({
      deviceGroupName: 'Lab',
      cpuCeilingPercent: 25,
      changedAt: '2026-11-23T08:12:26Z',
    })
    const page = await openGroups()
    await page.getByRole('button', { name: 'Change the policy of Lab' }).click()
    await page.getByRole('button', { name: 'Put the defaults back' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await sees(page, 'never')
    expect(server.scanPolicies.all[0]).toMatchObject({ cpuCeilingPercent: 50, changedAt: null })
  })

  it('is for reading to who may not change it', async () => {
    server.me = { ...server.me, rolePermissions: ['ViewData', 'Scan.Read.All'] }
    const page = await openGroups()
    await sees(page, 'Changing this takes Fleet.Admin.')
    await sees(page, 'at any time')
    expect(await page.getByRole('button', { name: /^Change the policy/ }).count()).toBe(0)
  })

  it('says to whom it shows nothing, and why', async () => {
    refuse(/scanPolicies/, 403, 'Forbidden', 'This takes Scan.Read.All or Fleet.Admin')
    await sees(await openGroups(), 'You may not see scan policies')
  })
})

async function openGroups(): Promise<Page> {
  const page = await openSignedIn(undefined, '/console/device-groups')
  await page.getByRole('heading', { name: 'Device groups' }).waitFor()
  return page
}
