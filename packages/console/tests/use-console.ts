import type { FakeServer } from '@fleetsweep/testkit'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { ConsoleBrowser, type OpenPage, signIn } from './console-browser.ts'

/** The console for the tests of a file: a fresh fake server for each, and pages that must complain of nothing. */
export type ConsoleOfTests = {
  /** Of the test that runs. */
  readonly server: FakeServer
  open(options?: BrowserContextOptions, path?: string): Promise<Page>
  openSignedIn(options?: BrowserContextOptions, path?: string): Promise<Page>
  /** The page of a machine action, once it is live or was refused to be. */
  openAction(id: string): Promise<Page>
  /** From now on: a page reads again by itself as soon as it is live. */
  refuse(path: RegExp, status: number, code: string, message: string): void
}

export function useConsole(): ConsoleOfTests {
  let browser: ConsoleBrowser
  let server: FakeServer
  let opened: OpenPage[]

  beforeAll(async () => {
    browser = await ConsoleBrowser.start()
  })
  afterAll(() => browser[Symbol.asyncDispose]())

  beforeEach(async () => {
    server = await browser.newServer()
    opened = []
  })
  afterEach(async () => {
    const complaints = opened.flatMap((one) => one.complaints)
    for (const { page } of opened) await page.context().close()
    await server[Symbol.asyncDispose]()
    // Broken scripts and everything that the content security policy would forbid.
    expect(complaints).toEqual([])
  })

  const open: ConsoleOfTests['open'] = async (options, path) => {
    const one = await browser.open(server, options, path)
    opened.push(one)
    return one.page
  }
  const openSignedIn: ConsoleOfTests['openSignedIn'] = async (options, path) => {
    const page = await open(options, path)
    await signIn(page, server)
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    return page
  }
  return {
    get server() {
      return server
    },
    open,
    openSignedIn,
    async openAction(id) {
      const page = await openSignedIn(undefined, `/console/actions/${id}`)
      await page.getByText(/^(?:Live|Not live)$/).waitFor()
      return page
    },
    refuse(path, status, code, message) {
      const target = '11111111-1111-4111-8111-111111111111'
      const body = JSON.stringify({ error: { code, message, target } })
      server.refuseNext({ path, status, body, times: Number.POSITIVE_INFINITY })
    },
  }
}

export async function sees(page: Page, text: string): Promise<void> {
  await page.getByText(text).first().waitFor()
}

export async function isLive(page: Page): Promise<void> {
  await page.getByText('Live', { exact: true }).waitFor()
}
