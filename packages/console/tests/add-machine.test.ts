import type { FakeServer } from '@fleetsweep/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ConsoleBrowser, type OpenPage, signIn } from './console-browser.ts'

describe('adding machines', () => {
  let browser: ConsoleBrowser
  let server: FakeServer
  let opened: OpenPage
  beforeAll(async () => {
    browser = await ConsoleBrowser.start()
  })
  afterAll(() => browser?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    server = await browser.newServer()
    opened = await browser.open(server, { permissions: ['clipboard-read', 'clipboard-write'] })
    await signIn(opened.page, server)
    await opened.page.getByRole('button', { name: 'Add machines…' }).click()
  })
  afterEach(async () => {
    await opened.page.context().close()
    await server[Symbol.asyncDispose]()
    expect(opened.complaints).toEqual([])
  })

  it('makes a token and shows the line to paste, which can be copied', async () => {
    const { page } = opened
    await page.getByLabel('Machines that may use the token').fill('20')
    await page.getByLabel('What it is for').fill('Web servers')
    await page.keyboard.press('Enter')
    const line = page.getByLabel('Paste this line into a shell of the machine')
    await line.waitFor()
    const command = await line.inputValue()
    expect(command).toContain(`curl -fsS '${server.baseUrl}/fleet/v1/agent/install.sh'`)
    expect(server.enrollmentTokens).toMatchObject([{ maxUses: 20, description: 'Web servers' }])
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(command)
  })

  it('says what is wrong with a number before it asks the server', async () => {
    const { page } = opened
    await page.getByLabel('Machines that may use the token').fill('many')
    await page.getByRole('button', { name: 'Make a token' }).click()
    await page.getByText('A whole number from 1 to 100000.').waitFor()
    expect(server.enrollmentTokens).toEqual([])
  })
})
