import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import { eicar, freePort, LiveFleet } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const dist = join(import.meta.dirname, '../dist')

describe('the bundled programs, outside of the repository and without node_modules', () => {
  let folder: string
  let fleet: LiveFleet
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'fleetsweep-bundles-')))
    cpSync(dist, join(folder, 'programs'), { recursive: true })
    fleet = await LiveFleet.start({
      listen: `127.0.0.1:${await freePort()}`,
      programs: { folder: join(folder, 'programs'), ending: '.mjs' },
    })
  })
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  it('enroll a machine, scan it with a real engine by passed descriptors, and report what was found', async () => {
    const client = new FleetsweepClient({
      baseUrl: fleet.url,
      tokens: clientCredentials(fleet.credentials),
    })
    const place = join(folder, 'files')
    mkdirSync(place)
    writeFileSync(join(place, 'eicar.com'), eicar())
    const { token } = await client.createEnrollmentToken({})
    await fleet.startAgent(token, `quickPlaces = [${JSON.stringify(place)}]`)
    const [machine] = await Array.fromAsync(client.listMachines())

    const requested = await client.runAntivirusScan(machine?.id ?? '', { scanType: 'Quick', comment: 'Test' })
    const action = await client.waitForMachineAction(requested.id)
    const scan = await client.getScan(requested.id)

    expect(action.status).toBe('Succeeded')
    expect(scan.detections.map(({ path }) => path.text)).toEqual([join(place, 'eicar.com')])
    expect(readFileSync(join(fleet.folder, 'programs.log'), 'utf8')).not.toContain('stream')
  })

  it('serve the console', async () => {
    const page = await fetch(`${fleet.url}/console/`)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(await page.text()).toContain('<div id="root">')
  })

  it('serve the description of the API, and the page that shows it', async () => {
    expect(await (await fetch(`${fleet.url}/openapi.json`)).json()).toMatchObject({
      openapi: '3.1.1',
      servers: [{ url: fleet.url }],
    })
    expect(await (await fetch(`${fleet.url}/api-docs`)).text()).toContain('Fleetsweep API')
    expect((await fetch(`${fleet.url}/api-docs/swagger-ui-bundle.js`)).status).toBe(200)
  })
})
