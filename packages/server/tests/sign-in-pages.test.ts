import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CLI_CLIENT_ID } from '@fleetsweep/protocol'
import { tool } from '@fleetsweep/testkit'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newPasswordLink } from '../src/sign-in/index.ts'
import { ApiServer } from './api-server.ts'
import { call } from './call.ts'
import { askForTokens, authorizeRequest, NAME, PASSWORD } from './sign-in-flow.ts'

/** Where pictures of the pages go, for whoever wants to look at them. */
const PICTURES = process.env.FLEETSWEEP_PICTURES

describe('the sign-in pages in Chromium', () => {
  let api: ApiServer
  let browser: Browser

  beforeAll(async () => {
    api = await ApiServer.start()
    await api.userWithPassword(NAME, PASSWORD)
    const { path, env } = tool('chromium')
    browser = await chromium.launch({
      executablePath: path,
      env: { ...process.env, ...env },
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    })
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await api[Symbol.asyncDispose]()
  })

  /** A fresh profile, and what the browser itself complains of: above all whatever its policy kept from happening. */
  const openPage = async (options: BrowserContextOptions = {}) => {
    const context = await browser.newContext({ locale: 'en-GB', ...options })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      const text = message.text()
      if (message.type() === 'error' && !text.startsWith('Failed to load resource')) complaints.push(text)
    })
    return { page, complaints }
  }
  const picture = async (page: Page, name: string) => {
    if (PICTURES === undefined) return
    mkdirSync(PICTURES, { recursive: true })
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
  }
  const fillSignIn = async (page: Page, password = PASSWORD, name = NAME) => {
    await page.getByLabel('User name').fill(name)
    await page.getByLabel('Password').fill(password)
    const answered = page.waitForResponse((response) => response.request().method() === 'POST')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await answered
    await page.waitForLoadState()
  }
  const startDevice = async () =>
    (
      await call(api.origin, `POST /${api.tenant}/oauth2/v2.0/devicecode`, {
        body: `client_id=${CLI_CLIENT_ID}&scope=openid+offline_access+Machine.Read+Machine.Scan`,
      })
    ).json<{ user_code: string; device_code: string; verification_uri: string }>()
  const redeemDevice = (code: string) =>
    askForTokens(api, { grant_type: 'device_code', device_code: code }, CLI_CLIENT_ID)

  it('sign in by keyboard alone, say what was wrong, and lead back to the program', async () => {
    const { page, complaints } = await openPage()
    await page.goto(`${api.origin}${authorizeRequest(api).target}`)
    expect(await page.title()).toBe('Sign in – Fleetsweep')
    await picture(page, 'sign-in-light')
    await page.keyboard.type(NAME)
    await page.keyboard.press('Tab')
    await page.keyboard.type('not the password')
    await page.keyboard.press('Enter')
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toBe('The user name or the password is not right.')
    await picture(page, 'sign-in-wrong')
    // The name stays, and the cursor waits where the mistake was.
    expect(await page.getByLabel('User name').inputValue()).toBe(NAME)
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/console\/signed-in\?code=/)
    expect(complaints).toEqual([])
  })

  it('sign in for a program on loopback, which their policy lets be answered', async () => {
    const { page, complaints } = await openPage()
    const redirect = `${api.origin.replace('127.0.0.1', 'localhost')}/callback`
    const given = { client_id: CLI_CLIENT_ID, redirect_uri: redirect }
    await page.goto(`${api.origin}${authorizeRequest(api, given).target}`)
    await fillSignIn(page)
    await page.waitForURL((url) => url.href.startsWith(`${redirect}?code=`))
    expect(complaints).toEqual([])
  })

  it('make whoever guesses wait, and let them in afterwards', async () => {
    const name = 'often@contoso.example'
    await api.userWithPassword(name, PASSWORD)
    const { page } = await openPage()
    await page.goto(`${api.origin}${authorizeRequest(api).target}`)
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await fillSignIn(page, `guess number ${attempt}`, name)
      await page.getByRole('alert').waitFor()
    }
    await fillSignIn(page, PASSWORD, name)
    await page.getByText('Too many attempts have failed. Try again in 5 seconds.').waitFor()
    await picture(page, 'sign-in-wait')
    api.clock.advance('5s')
    await fillSignIn(page, PASSWORD, name)
    await page.waitForURL(/\/console\/signed-in\?code=/)
  })

  it('confirm a program on another device before they let it in', async () => {
    const { page, complaints } = await openPage({ colorScheme: 'dark' })
    const started = await startDevice()
    await page.goto(started.verification_uri)
    await picture(page, 'device-dark')
    await page.getByLabel('Code').fill('XXXX-XXXX')
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('There is no such code.').waitFor()
    await page.getByLabel('Code').fill(started.user_code)
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('heading', { name: 'Sign in to Fleetsweep command line?' }).waitFor()
    expect(await page.textContent('main')).toContain('Machine.Read')
    await picture(page, 'device-confirm-dark')
    await page.getByRole('button', { name: 'Continue' }).click()
    await picture(page, 'sign-in-dark')
    await fillSignIn(page)
    await page.getByText('You have signed in to Fleetsweep command line.').waitFor()
    await picture(page, 'device-done-dark')
    expect((await redeemDevice(started.device_code)).status).toBe(200)
    expect(complaints).toEqual([])
  })

  it('let nobody in whose code was declined', async () => {
    const { page } = await openPage({ viewport: { width: 320, height: 640 } })
    const started = await startDevice()
    await page.goto(`${started.verification_uri}?user_code=${started.user_code}`)
    await page.getByRole('button', { name: 'Next' }).click()
    await picture(page, 'device-confirm-narrow')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('heading', { name: 'Sign-in cancelled' }).waitFor()
    const answer = await redeemDevice(started.device_code)
    expect(answer.json()).toMatchObject({ error: 'authorization_declined' })
  })

  it('choose a password with a link, once', async () => {
    const { page, complaints } = await openPage({ viewport: { width: 320, height: 640 } })
    const userPrincipalName = 'new@contoso.example'
    const id = await api.user(userPrincipalName)
    const link = await newPasswordLink(
      { credentials: api.of.credentials, newId: randomUUID, randomBytes: () => Buffer.alloc(32, 7) },
      api,
      { kind: 'operator', id: 'test', name: 'test' },
      { id, userPrincipalName },
    )
    await page.goto(link.url)
    const choose = async (password: string, again = password) => {
      await page.getByLabel('New password').fill(password)
      await page.getByLabel('The same again').fill(again)
      await page.getByRole('button', { name: 'Set password' }).click()
    }
    await picture(page, 'password-narrow')
    await choose('password 12345')
    await page.getByText('This is one of the passwords that are tried first.').waitFor()
    await picture(page, 'password-refused-narrow')
    await choose('a word nobody says', 'a word nobody knows')
    await page.getByText('The two passwords are not the same.').waitFor()
    await choose('a word nobody says')
    await page.getByRole('heading', { name: 'Password set' }).waitFor()
    await page.goto(link.url)
    await page.getByRole('heading', { name: 'This link does not work any more' }).waitFor()
    await picture(page, 'link-gone-narrow')
    await page.goto(`${api.origin}${authorizeRequest(api).target}`)
    await fillSignIn(page, 'a word nobody says', userPrincipalName)
    await page.waitForURL(/\/console\/signed-in\?code=/)
    expect(complaints).toEqual([])
  })

  it('sign out, after asking where no program says who means it', async () => {
    const { page, complaints } = await openPage()
    await page.goto(`${api.origin}${authorizeRequest(api).target}`)
    await fillSignIn(page)
    await page.waitForURL(/\/console\/signed-in\?code=/)
    await page.goto(`${api.origin}/${api.tenant}/oauth2/v2.0/logout`)
    await picture(page, 'sign-out')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Signed out' }).waitFor()
    await page.goto(`${api.origin}${authorizeRequest(api).target}`)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('say in words what stands in the way of a program', async () => {
    const { page } = await openPage()
    const wrong = { redirect_uri: 'https://evil.example/' }
    await page.goto(`${api.origin}${authorizeRequest(api, wrong).target}`)
    await page.getByText('not registered for it. Nothing was sent there.').waitFor()
    await picture(page, 'problem')
  })
})
