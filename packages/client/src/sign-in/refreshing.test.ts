import { CLI_CLIENT_ID } from '@fleetsweep/protocol'
import { FakeServer, SwiftRuntime } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { beginDeviceSignIn } from './device-code.ts'
import type { SignInTokens } from './person.ts'
import { refreshing, type SignInKeeper } from './refreshing.ts'

let server: FakeServer
let runtime: SwiftRuntime
let tokens: SignInTokens

beforeEach(async () => {
  server = await new FakeServer().listen()
  runtime = new SwiftRuntime()
  const signIn = await beginDeviceSignIn(place(), {}, runtime)
  server.people.decide(signIn.userCode, 'approved')
  tokens = (await signIn.wait()).tokens
})
afterEach(() => server[Symbol.asyncDispose]())

describe('the tokens of a sign-in', () => {
  it('are used until shortly before they end, and then renewed once, however many need them', async () => {
    const source = refreshing(place(), tokens, { runtime })
    runtime.pass(3_539_000)
    expect(await source.get()).toBe(tokens.accessToken)
    runtime.pass(2_000)
    const renewed = await Promise.all([source.get(), source.get(), source.get()])
    expect(new Set(renewed).size).toBe(1)
    expect(server.tokens).toContain(renewed[0])
  })

  it('go on for as long as the server lets them', async () => {
    const source = refreshing(place(), tokens, { runtime })
    for (let hour = 0; hour < 3; hour++) {
      runtime.pass(3_600_000)
      expect(server.tokens).toContain(await source.get())
    }
  })

  it('are renewed when the server refuses one that should be good', async () => {
    const source = refreshing(place(), tokens, { runtime })
    source.forget(await source.get())
    expect(await source.get()).not.toBe(tokens.accessToken)
  })

  it('end with the sign-in, and say so', async () => {
    server.people.endAll()
    const source = refreshing(place(), { ...tokens, goodForMs: 0 }, { runtime })
    await expect(source.get()).rejects.toMatchObject({
      code: 'SignInEnded',
      message: 'AADSTS70008: The sign-in is over. Trace ID: 1',
    })
  })

  it('end after an hour where the server keeps no sign-in', async () => {
    const source = refreshing(place(), { ...tokens, refreshToken: null }, { runtime })
    runtime.pass(3_600_000)
    await expect(source.get()).rejects.toMatchObject({ code: 'SignInEnded' })
  })
})

describe('tokens that are kept for other processes', () => {
  it('are used only once they are kept, and not lost when keeping them fails', async () => {
    const shelf = new Shelf({ ...tokens, goodForMs: 0 })
    const source = refreshing(place(), { ...tokens, goodForMs: 0 }, { keeper: shelf.keeper, runtime })
    shelf.isFull = true
    await expect(source.get()).rejects.toThrow('The disk is full')
    await expect(source.get()).rejects.toThrow('The disk is full')
    shelf.isFull = false
    expect(await source.get()).toBe(shelf.tokens?.accessToken)
    expect(server.people.signIns).toBe(1)
  })

  it('are renewed by one process, and the others take what it got', async () => {
    const shelf = new Shelf({ ...tokens, goodForMs: 0 })
    const processes = [1, 2, 3].map(() =>
      refreshing(place(), { ...tokens, goodForMs: 0 }, { keeper: shelf.keeper, runtime }),
    )
    const got = await Promise.all(processes.map((source) => source.get()))
    expect(new Set(got)).toEqual(new Set([shelf.tokens?.accessToken]))
    expect(server.people.signIns).toBe(1)
  })

  it('are renewed again when what another process kept is over as well', async () => {
    const shelf = new Shelf({ ...tokens, accessToken: 'another', goodForMs: -1 })
    const source = refreshing(place(), { ...tokens, goodForMs: 0 }, { keeper: shelf.keeper, runtime })
    expect(server.tokens).toContain(await source.get())
  })

  it('are gone when another process signed out', async () => {
    const shelf = new Shelf(undefined)
    const source = refreshing(place(), { ...tokens, goodForMs: 0 }, { keeper: shelf.keeper, runtime })
    await expect(source.get()).rejects.toMatchObject({ code: 'SignInEnded' })
  })
})

function place() {
  return { baseUrl: server.baseUrl, tenant: server.tenant, clientId: CLI_CLIENT_ID }
}

/** Keeps tokens as a file with a lock does. */
class Shelf {
  tokens: SignInTokens | undefined
  isFull = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(tokens: SignInTokens | undefined) {
    this.tokens = tokens
  }

  readonly keeper: SignInKeeper = {
    alone: (work) => {
      const mine = this.#last.then(work)
      this.#last = mine.catch(() => {})
      return mine
    },
    load: async () => this.tokens,
    save: async (tokens) => {
      if (this.isFull) throw new Error('The disk is full')
      this.tokens = tokens
    },
  }
}
