import { readFile } from 'node:fs/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import {
  buildCoverage,
  buildProgress,
  buildReport,
  buildScanSettings,
  type FakeServer,
} from '@fleetsweep/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { isLive, sees, useConsole } from './use-console.ts'

const tests = useConsole()
const { openAction } = tests
let server: FakeServer
beforeEach(() => {
  server = tests.server
})

describe('the report of a scan', () => {
  const ended = { status: 'Succeeded', endedAt: '2026-11-23T08:13:00Z' } as const
  const hostile = '/srv/<img src=x onerror=alert(1)>\u202egpj.exe'
  const notScanned = { tooLarge: { files: 130, bytes: 9_000_000 }, specialFile: { files: 1, bytes: 0 } }

  it('shows what held for the scan, and what each exclusion cost', async () => {
    const exclusions = [{ path: { text: '/srv/mail' }, source: 'policy' as const, files: 3, bytes: 2_048 }]
    const report = buildReport({ exclusions, cpuCeilingPercent: 10 })
    const settings = buildScanSettings()
    const action = server.addAction({ status: 'Succeeded' }, { ...ended, settings, report })
    const page = await openAction(action.id)
    await sees(page, '10 % of all cores; the policy says 25 %')
    await sees(page, 'sat, sun 22:00–06:00')
    await sees(page, '512.0 MiB a file, 1.0 GiB unpacked, 2 min')
    await sees(page, 'official signatures 27500 of 2026-11-22')
    const row = page.getByRole('region', { name: 'Exclusions' }).getByRole('row', { name: /srv.mail/ })
    expect(await row.innerText()).toMatch(/by the server's policy\s+3\s+2\.0 KiB/)
  })

  it('names the paths of a custom scan, and its exclusions before there is a report', async () => {
    const given = { scanType: 'Custom' as const, paths: [hostile], rescan: true }
    const action = server.addAction(
      { scope: 'Custom' },
      { ...given, settings: buildScanSettings({ rescan: true }) },
    )
    const page = await openAction(action.id)
    await sees(page, '/srv/<img src=x onerror=alert(1)>\\u{202e}gpj.exe')
    await sees(page, 'read again, like every file')
    await sees(page, '/srv/mail')
    expect(await page.locator('img[src=x]').count()).toBe(0)
  })

  it('draws what was read and what was not, and says it in words', async () => {
    const coverage = buildCoverage({ scanned: { files: 869, bytes: 1_000_000 }, notScanned })
    const action = server.addAction({ status: 'Succeeded' }, { ...ended, report: buildReport({ coverage }) })
    const page = await openAction(action.id)
    const picture = page.getByRole('img', { name: /^Of 1,000 files: 86\.9 % scanned, 13\.0 % not scanned/ })
    await picture.waitFor()
    await page.getByRole('tab', { name: 'By size' }).click()
    await page.getByRole('img', { name: /^Of 9\.5 MiB: 10\.0 % scanned, 90\.0 % not scanned/ }).waitFor()
  })

  it('shows the first files of each reason, whatever their names', async () => {
    const notScannedSamples = [{ reason: 'tooLarge' as const, path: { text: hostile }, detail: '9 GiB' }]
    const report = buildReport({ coverage: buildCoverage({ notScanned }), notScannedSamples })
    const action = server.addAction({ status: 'Succeeded' }, { ...ended, report })
    const page = await openAction(action.id)
    await page.getByRole('button', { name: /larger than the file limit.*130 files/ }).click()
    await sees(page, '/srv/<img src=x onerror=alert(1)>\\u{202e}gpj.exe')
    await sees(page, 'The first 1 of 130 files.')
    await page.getByRole('button', { name: /not a regular file.*1 file/ }).click()
    await sees(page, 'The report names none of them.')
    expect(await page.locator('img[src=x]').count()).toBe(0)
  })

  it('saves the whole list, as its machine sent it, with the sign-in and without a link to it', async () => {
    const lines = '{"reason":"tooLarge","path":{"text":"/huge"},"sizeBytes":9}\n'
    const sent = gzipSync(lines)
    const list = { files: 131, bytes: sent.length, sha256: 'ab'.repeat(32), isWhole: true }
    const report = buildReport({ coverage: buildCoverage({ notScanned }), notScannedList: list })
    const action = server.addAction({ status: 'Succeeded' }, { ...ended, report })
    const page = await openAction(action.id)
    const button = page.getByRole('button', { name: 'Download the whole list' })
    await button.click()
    await sees(page, 'left out was not found')
    server.notScannedLists.set(action.id, sent)
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
    expect(download.suggestedFilename()).toBe(`not-scanned-${action.id}.ndjson.gz`)
    expect(gunzipSync(await readFile(await download.path())).toString()).toBe(lines)
    await page.getByText('left out was not found').waitFor({ state: 'detached' })
  })

  it('says why a scan pauses, and how far it is', async () => {
    const action = server.addAction({ status: 'InProgress' })
    const page = await openAction(action.id)
    await isLive(page)
    const because = 'Outside of the hours for scans until 22:00.'
    server.progress(action.id, buildProgress({ phase: 'paused', because }))
    await sees(page, because)
    await sees(page, 'paused at 480 of 1,200 files')
    server.progress(action.id, buildProgress({ percent: 41 }))
    await page.getByRole('progressbar', { name: '41.0 %' }).waitFor()
    await page.getByText(because).waitFor({ state: 'detached' })
    await sees(page, 'about 18 s left')
  })
})
