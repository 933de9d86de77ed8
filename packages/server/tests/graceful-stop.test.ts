import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestServer } from '@fleetsweep/testkit/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runServerMain } from '../src/main.ts'
import { ServerProcess } from './program.ts'

describe('stopping a server', () => {
  it.each(['sqlite', 'postgres'] as const)(
    'keeps every action that it acknowledged, with requests under way, on %s',
    async (database) => {
      await using server = await TestServer.start({ database })
      const machines = await Promise.all(Array.from({ length: 20 }, (_, n) => server.enroll(`lab-${n}`)))
      const requests = machines.map((machine) => server.requestScan(machine))
      const settled = Promise.allSettled(requests)
      // The others are under way when the first is acknowledged.
      await Promise.race(requests)
      await server.restart()

      const acknowledged = (await settled).flatMap((result) =>
        result.status === 'fulfilled' ? [result.value.id] : [],
      )
      expect(acknowledged.length).toBeGreaterThan(0)
      const kept = await Promise.all(acknowledged.map((id) => server.machineAction(id)))
      expect(kept.map(({ status }) => status)).toEqual(acknowledged.map(() => 'Pending'))
    },
  )

  it('is done once, however often it is asked for', async () => {
    await using server = await TestServer.start()
    await Promise.all([server.server.stop(), server.server.stop()])
    await expect(fetch(server.url)).rejects.toThrow()
  })

  it('ends the process with 0 on SIGTERM', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-stop-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const dataDir = join(folder, 'data')
    const silent = { env: {}, out: () => {}, err: () => {} }
    await runServerMain(['init', '--data', dataDir, '--no-tls'], silent)
    await using server = await ServerProcess.start(dataDir)
    expect(await server.stop()).toBe(0)
  })
})
