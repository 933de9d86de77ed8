import { type Browser, chromium } from 'playwright-core'
import { tool } from './tools.ts'

/** Starts the Chromium that set-up found or brought, without a screen. */
export function launchChromium(): Promise<Browser> {
  const { path, env } = tool('chromium')
  return chromium.launch({
    executablePath: path,
    env: { ...process.env, ...env },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
