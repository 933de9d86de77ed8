import { once } from 'node:events'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { type MachineAction, PERMISSIONS, type Scan } from '@fleetsweep/protocol'
import { FakeAgent, sampleReport, until } from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AccessWorld, EVERY_ROLE_PERMISSION } from './access/access-world.ts'
import { sqliteDatabase } from './api-server.ts'

type Answer = { status: number; body: unknown }

/** Sends a call; resolves when the server has it, with the answer still to come. */
async function begin(url: string, token: string): Promise<{ answer: Promise<Answer> }> {
  const sent = request(url, {
    agent: false,
    headers: { authorization: `Bearer ${token}`, expect: '100-continue' },
  })
  const answer = once(sent, 'response').then(async ([response]) => ({
    status: response.statusCode,
    body: await json(response),
  }))
  const received = once(sent, 'continue')
  sent.end()
  await received
  return { answer }
}

describe.each(['sqlite', 'postgres'] as const)('waiting for the end of an action on %s', (database) => {
  it('is answered when the machine has finished, for the action and for its scan', async () => {
    await using server = await TestServer.start({ database })
    const machine = await server.enroll()
    await using agent = await FakeAgent.open(server.url, machine)
    const { id } = await server.requestScan(machine)
    const token = await server.token()
    const action = await begin(`${server.url}/fleet/v1/machineActions/${id.toUpperCase()}?wait=300`, token)
    const scan = await begin(`${server.url}/fleet/v1/scans/${id}?wait=300`, token)
    await agent.nextOrder()
    await agent.tell(id, 1, { kind: 'accepted' })
    await agent.tell(id, 2, { kind: 'finished', report: sampleReport() })
    expect(await action.answer).toEqual({ status: 200, body: await server.machineAction(id).then(bare) })
    expect(await scan.answer).toMatchObject({ status: 200, body: { status: 'Succeeded', report: {} } })
  })
})

describe('a read of one action', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await TestServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('waits no longer than it was asked to', async () => {
    const { id } = await server.requestScan(await server.enroll())
    const token = await server.token()
    for (const path of [`machineActions/${id}`, `scans/${id}`]) {
      const { answer } = await begin(`${server.url}/fleet/v1/${path}?wait=20`, token)
      const started = server.clock.now()
      let seen: Answer | undefined
      void answer.then((given) => {
        seen = given
      })
      await until(() => {
        if (seen === undefined) server.clock.advance('1s')
        return seen !== undefined
      }, 'the wait was over')
      expect(seen).toMatchObject({ status: 200, body: { status: 'Pending' } })
      expect(server.clock.now() - started).toBeGreaterThanOrEqual(20_000_000)
    }
  })

  it('does not wait for what has ended, nor when it is not asked to', async () => {
    const { id } = await server.requestScan(await server.enroll())
    for (const query of ['', '?wait=0', '?wait=']) {
      const answer = await server.call(`GET /fleet/v1/machineActions/${id}${query}`)
      expect([answer.status, (await answer.json()) as MachineAction]).toMatchObject([200, { id }])
    }
    await server.call(`POST /api/machineactions/${id}/cancel`)
    const action = await server.call(`GET /fleet/v1/machineActions/${id}?wait=300`)
    expect(await action.json()).toMatchObject({ status: 'Cancelled' })
    const scan = await server.call(`GET /fleet/v1/scans/${id}?wait=300`)
    expect(((await scan.json()) as Scan).status).toBe('Cancelled')
  })

  it.each(['wait=301', 'wait=-1', 'wait=1.5', 'wait=long'])('refuses %s', async (query) => {
    const { id } = await server.requestScan(await server.enroll())
    const answer = await server.call(`GET /fleet/v1/machineActions/${id}?${query}`)
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'InvalidInput' }])
  })

  it('says so at once where there is none', async () => {
    for (const id of ['made-up', '00000000-0000-4000-8000-000000000000']) {
      for (const path of ['machineActions', 'scans']) {
        const answer = await server.call(`GET /fleet/v1/${path}/${id}?wait=300`)
        expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'ResourceNotFound' }])
      }
    }
  })

  it('is answered with what stands when the server stops', async () => {
    const { id } = await server.requestScan(await server.enroll())
    const { answer } = await begin(
      `${server.url}/fleet/v1/machineActions/${id}?wait=300`,
      await server.token(),
    )
    await server.restart()
    expect(await answer).toMatchObject({ status: 200, body: { status: 'Pending' } })
  })
})

describe('whoever may read an action no longer', () => {
  const everything = { permissions: PERMISSIONS, rolePermissions: EVERY_ROLE_PERMISSION }

  it('waits no longer: without the credential, without the permission, without the machine', async () => {
    await using world = await AccessWorld.open(sqliteDatabase)
    const url = `${world.api.origin}/fleet/v1/machineActions/${world.action}?wait=300`
    const admin = await world.applicationToken(PERMISSIONS)

    const revoked = await world.api.application()
    const first = await begin(url, await world.api.token(revoked))
    await world.revoke(revoked)
    expect(await first.answer).toMatchObject({ status: 401 })

    const lesser = await world.api.application()
    const second = await begin(url, await world.api.token(lesser))
    const body = { permissions: ['Fleet.Enroll'] }
    expect((await world.call(`PATCH /fleet/v1/applications/${lesser.id}`, admin, body)).status).toBe(200)
    expect(await second.answer).toMatchObject({ status: 403, body: { code: 'Forbidden' } })

    const third = await begin(url, await world.personToken(everything, true))
    const groups = await world.call('GET /fleet/v1/deviceGroups', admin)
    const { items } = groups.json<{ items: { id: number; displayName: string; userGroupIds: string[] }[] }>()
    const lab = items.find(({ displayName }) => displayName === 'Lab')
    const userGroupIds = lab?.userGroupIds.slice(0, 1)
    const left = await world.call(`PATCH /fleet/v1/deviceGroups/${lab?.id}`, admin, { userGroupIds })
    expect(left.status).toBe(200)
    expect(await third.answer).toMatchObject({ status: 404, body: { code: 'ResourceNotFound' } })
  })
})

/** Without what OData adds. */
function bare(action: MachineAction & { '@odata.context'?: string }): MachineAction {
  const { '@odata.context': _, ...rest } = action
  return rest
}
