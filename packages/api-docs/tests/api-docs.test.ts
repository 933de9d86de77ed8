import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchChromium } from '@fleetsweep/testkit/chromium'
import { TestServer } from '@fleetsweep/testkit/server'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const BUILD = join(import.meta.dirname, '../../../scripts/lib/api-docs.mjs')

describe('the page that shows the API', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-api-docs-'))
  const asked: string[] = []
  const complaints: string[] = []
  let server: TestServer
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    execFileSync(process.execPath, [BUILD, folder])
    server = await TestServer.start({ parts: { apiDocsDir: folder } })
    browser = await launchChromium()
    page = await browser.newPage()
    page.on('request', (request) => asked.push(request.url()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(`${server.url}/api-docs`)
  })
  afterAll(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  it('lets somebody read an operation, by mouse or by its address', async () => {
    await page.getByRole('button', { name: 'Run an antivirus scan' }).first().click()
    const needs = page.getByText('Needs the permission Machine.Scan')
    await needs.waitFor()
    await page.goto(`${server.url}/api-docs#/Machines/runAntivirusScan`)
    await page.reload()
    await needs.waitFor()
    expect(await page.title()).toBe('Fleetsweep API')
  })

  it('calls the server for an application that gives its secret', async () => {
    const { application } = server.made
    await page.goto(`${server.url}/api-docs#/Caller/getMe`)
    await page.reload()
    await page.getByRole('button', { name: 'Authorize', exact: true }).click()
    await page.getByLabel('client_id:').first().fill(application.id)
    await page.getByLabel('client_secret:').first().fill(application.secret)
    await page.getByText('select all').first().click()
    const token = page.waitForResponse(/\/oauth2\/v2\.0\/token$/)
    await page.getByRole('button', { name: 'Apply given OAuth2 credentials' }).first().click()
    expect((await token).status()).toBe(200)
    await page.getByRole('button', { name: 'Close' }).first().click()
    await page.getByRole('button', { name: 'Try it out' }).click()
    await page.getByRole('button', { name: 'Execute' }).click()
    await page.getByText('"SOC automation"').first().waitFor()
  })

  it('is as dark as the reader has everything else', async () => {
    const isShownOn = (colour: string) =>
      page.waitForFunction(
        `getComputedStyle(document.querySelector('.swagger-ui')).backgroundColor === '${colour}'`,
      )
    await page.emulateMedia({ colorScheme: 'dark' })
    await isShownOn('rgb(28, 32, 34)')
    await page.emulateMedia({ colorScheme: 'light' })
    await isShownOn('rgba(0, 0, 0, 0)')
  })

  it('asks nobody but this server, and breaks no rule of its own', () => {
    expect(asked.filter((url) => new URL(url).origin !== server.url)).toEqual([])
    expect(asked).toContain(`${server.url}/openapi.json`)
    expect(complaints).toEqual([])
  })
})
