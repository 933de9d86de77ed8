import { randomUUID } from 'node:crypto'
import { PERMISSIONS, type Permission, type TenantId } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Access, Operation } from '../src/kit/http/index.ts'
import { NOT_OFFERED } from '../src/not-offered/index.ts'
import { operations } from '../src/operations.ts'
import type { Principal } from '../src/principal/index.ts'
import type { Services } from '../src/services.ts'
import { EXAMPLES, type Example } from './access/access-examples.ts'
import { AccessWorld, allBut, EVERY_ROLE_PERMISSION } from './access/access-world.ts'
import { postgresDatabase, sqliteDatabase } from './api-server.ts'

type AnyOperation = Operation<Principal, Services>
type Guarded = Exclude<Access, { anonymous: string }>
type Ruled = Extract<Access, { permission: unknown }>

/** A hundred calls that are made alike; not-offered.test.ts walks them. */
const notOffered = new Set(NOT_OFFERED.map(({ route }) => route))
const guarded = operations.filter(({ route, access }) => !('anonymous' in access) && !notOffered.has(route))
const ruled = guarded.filter(({ access }) => 'permission' in access)
const HOUR_SECONDS = 3_600

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
] as const)('every route on %s', (_, openDatabase) => {
  let world: AccessWorld

  beforeAll(async () => {
    world = await AccessWorld.open(openDatabase)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const exampleOf = async ({ route }: AnyOperation): Promise<Example> => {
    const make = EXAMPLES[route]
    if (!make) throw new Error(`${route} has no example: add one to access-examples.ts.`)
    return make(world)
  }
  /** How a route answers whoever holds this token, on an example made for the call. */
  const ask = async (operation: AnyOperation, token: string | undefined) => {
    const { path, body, status } = await exampleOf(operation)
    // Nobody's rate limit is what is asked for here.
    world.api.clock.advance('1s')
    const answer = await world.begin(`${operation.method} ${path}`, token, body)
    return { ...answer, expected: status }
  }
  const statusFor = async (operation: AnyOperation, token: string | undefined) => {
    const { status, expected } = await ask(operation, token)
    return status === expected ? 'as it should' : status
  }
  const application = (permissions: readonly Permission[] = PERMISSIONS) =>
    world.applicationToken(permissions)
  const everything = { permissions: PERMISSIONS, rolePermissions: EVERY_ROLE_PERMISSION }

  it('has an example, and no example is of a route that is gone', () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual(guarded.map(({ route }) => route).sort())
  })

  describe.each(guarded.map((operation) => [operation.route, operation] as const))(
    '%s',
    (_route, operation) => {
      it('refuses whoever cannot show who they are', async () => {
        const sign = (given: Parameters<AccessWorld['api']['signedToken']>[0]) => world.api.signedToken(given)
        const mine = await world.api.application()
        const revoked = await world.api.token(mine)
        await world.revoke(mine)
        const strange = randomUUID() as TenantId
        const tokens: Record<string, string | undefined> = {
          none: undefined,
          malformed: 'not.a.token',
          altered: (await application()).replace(/.{8}$/, 'AAAAAAAA'),
          expired: await sign({ issuedSecondsAgo: 2 * HOUR_SECONDS }),
          'for another audience': await sign({ audience: 'https://graph.microsoft.com' }),
          'of another tenant, by our key': await sign({ tenant: strange }),
          'of an application that nobody registered': await sign({}),
          'got with a secret that was revoked': revoked,
        }
        const answers: Record<string, unknown> = {}
        for (const [kind, token] of Object.entries(tokens)) answers[kind] = await statusFor(operation, token)
        expect(answers).toEqual(Object.fromEntries(Object.keys(tokens).map((kind) => [kind, 401])))
      })

      it('shows nothing of ours to another tenant', async () => {
        const { access } = operation as { access: Guarded }
        if ('reach' in access && access.reach === 'machine') {
          await expectAsUnknown(operation, () => world.strangersToken())
        } else {
          const { status, text, expected } = await ask(operation, await world.strangersToken())
          expect([expected, 400, 404]).toContain(status)
          expect(text).not.toContain(world.machine)
          expect(text).not.toContain(world.action)
          expect(text).not.toContain(world.alert)
        }
      })

      it('serves an application that may, and a person who may, and whose machine it is', async () => {
        expect(await statusFor(operation, await application())).toBe('as it should')
        expect(await statusFor(operation, await world.personToken(everything, true))).toBe('as it should')
      })
    },
  )

  describe.each(ruled.map((operation) => [operation.route, operation] as const))(
    '%s',
    (_route, operation) => {
      const { permission, role, reach } = operation.access as Ruled

      it('needs one of its permissions, and no other', async () => {
        expect(await statusFor(operation, await application(allBut(PERMISSIONS, permission)))).toBe(403)
        for (const one of permission) {
          // An example may take more than the call itself: whoever prepares it is somebody else.
          expect(await statusFor(operation, await application([one]))).toBe('as it should')
        }
      })

      it('needs of a person the scope and one of its role permissions', async () => {
        const withoutScope = { ...everything, permissions: allBut(PERMISSIONS, permission) }
        expect(await statusFor(operation, await world.personToken(withoutScope, true))).toBe(403)
        const withoutRole = { ...everything, rolePermissions: allBut(EVERY_ROLE_PERMISSION, role) }
        expect(await statusFor(operation, await world.personToken(withoutRole, true))).toBe(403)
        for (const one of role) {
          const may = { permissions: PERMISSIONS, rolePermissions: [one] }
          expect(await statusFor(operation, await world.personToken(may, true))).toBe('as it should')
        }
      })

      it('shows a person nothing of a machine that is not theirs', async () => {
        if (reach === 'machine') {
          await expectAsUnknown(operation, () => world.personToken(everything, false))
        } else {
          const { status, text, expected } = await ask(operation, await world.personToken(everything, false))
          expect(status).toBe(expected)
          // What belongs to the whole tenant, such as the audit, may name every machine.
          if (reach === 'machines')
            expect(text).not.toMatch(new RegExp(`${world.machine}|${world.action}|${world.alert}`))
        }
      })
    },
  )

  /** The machine is answered exactly as one that does not exist, but for the id that the caller wrote. */
  async function expectAsUnknown(operation: AnyOperation, token: () => Promise<string>): Promise<void> {
    const { path, body } = await exampleOf(operation)
    const unknown: Record<string, string> = {
      [world.machine]: 'f'.repeat(40),
      [world.action]: randomUUID(),
      [world.scanned]: randomUUID(),
      [world.detection]: 'f'.repeat(32),
      [world.quarantined]: randomUUID(),
      [world.task]: randomUUID(),
      [world.alert]: `da1${world.alert.slice(3)}`,
    }
    const right = JSON.stringify({ path, body })
    const named = Object.keys(unknown).find((id) => right.includes(id)) ?? ''
    const wrong = right.replace(named, unknown[named] ?? '')
    expect(wrong).not.toBe(right)
    const answers = []
    for (const each of [right, wrong]) {
      const example: Pick<Example, 'path' | 'body'> = JSON.parse(each)
      const target = `${operation.method} ${example.path}`
      const { status, text } = await world.begin(target, await token(), example.body)
      // What the caller wrote may come back, and each refusal has a target of its own.
      const id = each === right ? named : (unknown[named] ?? '')
      const told = text.replaceAll(id, 'ID').replace(/"(target|instance)":"[^"]+"/, '')
      answers.push({ status, told })
    }
    expect(answers[0]?.status).toBe(404)
    expect(answers[0]).toEqual(answers[1])
  }
})
