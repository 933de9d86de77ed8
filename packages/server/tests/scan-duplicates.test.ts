import type { MachineId, ScanType } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import {
  type ApiCaller,
  type ApiDatabase,
  ApiServer,
  postgresDatabase,
  refusalOf,
  sqliteDatabase,
} from './api-server.ts'

const fifty = (ask: ApiCaller, id: MachineId, scanTypeOf: (index: number) => ScanType) =>
  Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      ask(`POST /api/machines/${id}/runAntiVirusScan`, {
        body: { Comment: `Caller ${index}`, ScanType: scanTypeOf(index) },
      }),
    ),
  )

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('fifty callers that ask for the same scan at once, on %s', (_, open: () => Promise<ApiDatabase>) => {
  it('all get the one action that there is', async () => {
    await using api = await ApiServer.start(open)
    const ask = await api.caller()
    const id = await api.machine(1)
    const answers = await fifty(ask, id, () => 'Quick')
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(201))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect((await ask('GET /api/machineactions/$count')).text).toBe('1')
  })

  it('get one action or its refusal, when half of them want another type', async () => {
    await using api = await ApiServer.start(open)
    const ask = await api.caller()
    const id = await api.machine(1)
    const answers = await fifty(ask, id, (index) => (index % 2 ? 'Quick' : 'Full'))
    const created = answers.filter(({ status }) => status === 201)
    expect(created).toHaveLength(25)
    expect(new Set(created.map(({ text }) => text)).size).toBe(1)
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(refusalOf(answer)).toMatchObject({ status: 400, code: 'ActiveRequestAlreadyExists' })
    }
    expect((await ask('GET /api/machineactions/$count')).text).toBe('1')
  })
})
