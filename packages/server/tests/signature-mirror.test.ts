import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { SIGNATURES_PATH } from '@fleetsweep/protocol'
import { MovableClock, tool } from '@fleetsweep/testkit'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runServerMain } from '../src/main.ts'
import { SignatureFetcher, SignatureMirror } from '../src/signature-mirror/index.ts'
import { ApiServer, sqliteDatabase } from './api-server.ts'

const BUILT = 'Tue, 22 Jun 2021 18:58:22 GMT'
const UNSIGNED = `${`ClamAV-VDB:22 Jun 2021 14-58 -0400:5:7:81:${'0'.repeat(32)}:${'x'.repeat(86)}:nobody:1624388302`.padEnd(512)}content`
const PATH = [tool('freshclam').path, tool('sigtool').path].map(dirname).join(delimiter)

describe('the signature mirror', () => {
  let folder = ''
  let dataDir = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetsweep-mirror-'))
    dataDir = join(folder, 'data')
    mkdirSync(join(dataDir, 'signatures'), { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const hold = (name: string, content = UNSIGNED) => writeFileSync(join(dataDir, 'signatures', name), content)

  const start = (signatureMirror: 'off' | 'imported' = 'imported') =>
    ApiServer.start(sqliteDatabase, { dataDir, signatureMirror })

  const ask = (api: ApiServer, file: string, headers: Record<string, string> = {}) =>
    fetch(`${api.origin}${SIGNATURES_PATH}/${file}`, { headers })

  it('gives a database to anyone, whole, in part, or not again', async () => {
    await using api = await start()
    hold('daily.cvd')
    const whole = await ask(api, 'daily.cvd')
    expect(whole.status).toBe(200)
    expect(whole.headers.get('last-modified')).toBe(BUILT)
    expect(await whole.text()).toBe(UNSIGNED)

    const part = await ask(api, 'daily.cvd', { range: 'bytes=0-511' })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe(`bytes 0-511/${UNSIGNED.length}`)
    expect(await part.text()).toBe(UNSIGNED.slice(0, 512))

    const rest = await ask(api, 'daily.cvd', { range: 'bytes=512-' })
    expect(await rest.text()).toBe('content')
    const beyond = await ask(api, 'daily.cvd', { range: 'bytes=5000-' })
    expect([beyond.status, await beyond.text()]).toEqual([200, UNSIGNED])

    const again = await ask(api, 'daily.cvd', { 'if-modified-since': BUILT })
    expect([again.status, await again.text()]).toEqual([304, ''])
    const before = await ask(api, 'daily.cvd', { 'if-modified-since': 'Tue, 22 Jun 2021 18:58:21 GMT' })
    expect(before.status).toBe(200)
    await before.text()
  })

  it.each(['main.cvd', 'daily.cld', 'freshclam.conf', 'fetched.json', '..%2Fsignatures%2Fdaily.cvd'])(
    'gives nothing by the name of %s',
    async (name) => {
      await using api = await start()
      for (const held of ['daily.cvd', 'daily.cld', 'freshclam.conf', 'fetched.json']) hold(held)
      expect((await ask(api, name)).status).toBe(404)
    },
  )

  it('gives nothing that is no database, and nothing at all when it is off', async () => {
    hold('daily.cvd', 'half of')
    hold('main.cvd')
    await using api = await start()
    expect((await ask(api, 'daily.cvd')).status).toBe(404)
    await using off = await start('off')
    expect((await ask(off, 'main.cvd')).status).toBe(404)
  })

  it('is understood by freshclam, which takes nothing that ClamAV did not sign', async () => {
    await using api = await start()
    for (const name of ['main.cvd', 'daily.cvd', 'bytecode.cvd']) hold(name)
    const mirror = new SignatureMirror(join(folder, 'below'))
    const fetcher = new SignatureFetcher({
      mirror,
      clock: new MovableClock(),
      logger: pino({ level: 'silent' }),
      random: () => 0.5,
      env: { PATH },
      upstream: `${api.origin}${SIGNATURES_PATH}`,
    })
    await fetcher.fetch()
    expect(await mirror.lastFetch()).toMatchObject({
      succeededAt: null,
      error: "freshclam failed: Verification: Can't verify database integrity",
    })
    expect(await mirror.list()).toEqual([])
    await fetcher.stop()
  })

  it('says when there is no freshclam', async () => {
    const mirror = new SignatureMirror(dataDir)
    const parts = { mirror, clock: new MovableClock(), logger: pino({ level: 'silent' }), random: () => 0 }
    await new SignatureFetcher({ ...parts, env: { PATH: '' } }).fetch()
    const error = (await mirror.lastFetch())?.error
    expect(error).toContain('freshclam')
  })

  it('refuses an import of what ClamAV did not sign, and says what is here', async () => {
    writeFileSync(join(folder, 'daily.cvd'), UNSIGNED)
    const run = async (...args: string[]) => {
      const said = { out: '', err: '' }
      const code = await runServerMain(['signatures', ...args, '--data', dataDir], {
        env: { PATH },
        out: (text) => {
          said.out += text
        },
        err: (text) => {
          said.err += text
        },
      })
      return { code, ...said }
    }
    expect(await run('import', folder)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('daily.cvd is not taken: ClamAV did not sign it as it stands'),
    })
    expect(readdirSync(join(dataDir, 'signatures'))).toEqual([])
    expect((await run('status')).out).toContain('There are none yet.')
    hold('main.cvd')
    expect((await run('status')).out).toContain(
      'main.cvd      version 5, built 2021-06-22T18:58:22.000Z, 7 signatures',
    )
    expect((await run('import')).code).toBe(2)
  })
})
