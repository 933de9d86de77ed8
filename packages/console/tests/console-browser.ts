import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeServer } from '@fleetsweep/testkit'
import { launchChromium } from '@fleetsweep/testkit/chromium'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { build } from 'vite'
import { PAGE_POLICY } from '../../server/src/kit/http/static-folder.ts'

/** The built console in a real Chromium, in front of a fake server. */
export class ConsoleBrowser {
  readonly #dir: string
  readonly #browser: Browser

  constructor(dir: string, browser: Browser) {
    this.#dir = dir
    this.#browser = browser
  }

  static async start(): Promise<ConsoleBrowser> {
    const dir = await mkdtemp(join(tmpdir(), 'fleetsweep-console-'))
    const root = join(import.meta.dirname, '..')
    await build({ root, logLevel: 'warn', build: { outDir: dir, emptyOutDir: true } })
    return new ConsoleBrowser(dir, await launchChromium())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close()
    await rm(this.#dir, { recursive: true })
  }

  async newServer(): Promise<FakeServer> {
    const server = new FakeServer()
    server.consoleDir = this.#dir
    server.consoleHeaders = { 'Content-Security-Policy': PAGE_POLICY }
    return server.listen()
  }

  /** A fresh profile each time; `complaints` gathers what the page itself found wrong. */
  async open(server: FakeServer, options: BrowserContextOptions = {}, path = '/console/'): Promise<OpenPage> {
    const context = await this.#browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      // A refused call is also noted by the browser; the page shows it in its own way.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        complaints.push(message.text())
      }
    })
    await page.goto(`${server.baseUrl}${path}`)
    return { page, complaints }
  }
}

export type OpenPage = { page: Page; complaints: string[] }

/** Signs in as the person that the fake server knows, by its own page. */
export async function signIn(page: Page, server: FakeServer): Promise<void> {
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('link', { name: server.people.userPrincipalName }).click()
}

export async function signInAsApplication(
  page: Page,
  server: FakeServer,
  secret = server.clientSecret,
): Promise<void> {
  await page.getByRole('button', { name: 'Sign in as an application' }).click()
  await page.getByLabel('Tenant').fill(server.tenant)
  await page.getByLabel('Application id').fill(server.clientId)
  await page.getByLabel('Secret').fill(secret)
  await page.keyboard.press('Enter')
}
