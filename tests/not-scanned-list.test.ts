import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { ClientError, clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import { freePort, LiveFleet, until } from '@fleetsweep/testkit'
import { expect, it } from 'vitest'
import { CliProgram } from './cli-program.ts'

it('the list of what a scan left out comes from a real machine to whoever may read it', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fleetsweep-left-out-')))
  await using fleet = await LiveFleet.start({ listen: `127.0.0.1:${await freePort()}` })
  const client = new FleetsweepClient({ baseUrl: fleet.url, tokens: clientCredentials(fleet.credentials) })
  mkdirSync(join(folder, 'quick'))
  writeFileSync(join(folder, 'quick', 'plain'), 'plain')
  execFileSync('mkfifo', [join(folder, 'quick', 'pipe')])
  const { token } = await client.createEnrollmentToken({})
  await fleet.startAgent(token, `quickPlaces = [${JSON.stringify(join(folder, 'quick'))}]`)
  const [machine] = await Array.fromAsync(client.listMachines())
  const asked = await client.requestScan(machine?.id ?? '', { scanType: 'Quick', comment: 'Test' })
  await client.waitForMachineAction(asked.actionId)
  const { report, settings } = await client.getScan(asked.actionId)
  expect(settings).toMatchObject({ cpuCeilingPercent: 50, rescan: false })
  let list: Buffer | undefined
  const look = async () => {
    list = await client.openNotScanned(asked.actionId).then(buffer, (error: unknown) => {
      if (error instanceof ClientError && error.status === 404) return undefined
      throw error
    })
    return list !== undefined
  }
  await until(look, 'the list has come', { everyMs: 250 })
  const sent = list ?? Buffer.alloc(0)
  expect(createHash('sha256').update(sent).digest('hex')).toBe(report?.notScannedList?.sha256)
  const lines = gunzipSync(sent, { maxOutputLength: 100_000 }).toString().trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { reason: 'specialFile', path: { text: join(folder, 'quick', 'pipe') } },
  ])
  const { tenant, clientId, clientSecret } = fleet.credentials
  const secretFile = join(folder, 'secret')
  writeFileSync(secretFile, clientSecret, { mode: 0o600 })
  const access = ['--url', fleet.url, '--tenant', tenant, '--client-id', clientId]
  const told = await new CliProgram(folder).run(
    ...['report', asked.actionId, '--not-scanned', ...access, '--client-secret-file', secretFile],
  )
  expect(told).toMatchObject({
    code: 0,
    out: `${join(folder, 'quick', 'pipe')}: not a regular file (FIFO)\n`,
  })
  rmSync(folder, { recursive: true, force: true })
})
