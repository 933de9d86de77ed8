import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import * as protocol from '@fleetsweep/protocol'
import { eicar, FakeServer, freePort, LiveFleet } from '@fleetsweep/testkit'
import { launchChromium } from '@fleetsweep/testkit/chromium'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { root } from './repository-files.ts'

const EXAMPLES = join(root, 'packages/client/examples')
const examples = readdirSync(EXAMPLES).filter((name) => name.endsWith('.ts'))
/** Needs a package of its own, so it runs in the repository. */
const AZURE = 'azure-identity.ts'

let folder: string
/** A stranger's project: the package as npm packs it, the types of Node, and nothing else. */
let project: string
let installed: string
let fleet: LiveFleet

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleetsweep-client-'))
  project = join(folder, 'project')
  installed = join(project, 'node_modules/@fleetsweep/client')
  mkdirSync(installed, { recursive: true })
  succeed('npm', ['pack', join(root, 'dist/client'), '--pack-destination', folder, '--offline'])
  const [packed = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  succeed('tar', ['-xzf', join(folder, packed), '-C', installed, '--strip-components=1'])
  for (const name of ['@types/node', 'undici-types']) {
    cpSync(join(root, 'node_modules', name), join(project, 'node_modules', name), { recursive: true })
  }
  for (const name of examples.filter((one) => one !== AZURE))
    cpSync(join(EXAMPLES, name), join(project, name))
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }')
  mkdirSync(join(folder, 'files'))
  writeFileSync(join(folder, 'files/eicar.com'), eicar())
  writeFileSync(join(folder, 'files/large'), Buffer.alloc(3 * 2 ** 20))
  fleet = await LiveFleet.start({ listen: `127.0.0.1:${await freePort()}`, tls: { aliases: [] } })
})
afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('the package of the client', () => {
  it('is a module and its declarations, which name nothing else', () => {
    expect(readdirSync(installed).sort()).toEqual([
      'LICENSE',
      'README.md',
      'index.d.ts',
      'index.js',
      'package.json',
    ])
    for (const file of ['index.js', 'index.d.ts']) {
      expect(readFileSync(join(installed, file), 'utf8')).not.toMatch(/^\s*import\b|\bfrom ["']|\bimport\(/m)
    }
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    expect(manifest).toMatchObject({ name: '@fleetsweep/client', license: 'Apache-2.0', sideEffects: false })
    expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['private', 'dependencies']))
  })

  it.each([
    ['as Node loads it', { module: 'nodenext', types: ['node'] }],
    [
      'as bundlers do, for browsers',
      { module: 'esnext', moduleResolution: 'bundler', types: [], lib: ['es2024', 'dom'] },
    ],
  ])('compiles under the strictest settings, %s', (_how, options) => {
    const compilerOptions = {
      ...options,
      target: 'es2024',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      allowImportingTsExtensions: true,
      noEmit: true,
    }
    writeFileSync(
      join(project, 'page.ts'),
      `import { FleetsweepClient, type Machine, tokensFrom } from '@fleetsweep/client'
const credential = { getToken: async () => ({ token: 'x', expiresOnTimestamp: 0 }) }
const client = new FleetsweepClient({ baseUrl: 'https://a.example', tokens: tokensFrom(credential, 'x/.default') })
const names: (string | null)[] = []
for await (const machine of client.listMachines()) names.push((machine satisfies Machine).computerDnsName)
const { status, errorHResult } = await client.getMachineAction('x')
export const isDone: boolean = status === 'Succeeded' && errorHResult === 0
`,
    )
    const files = ['page.ts', ...(options.types.length > 0 ? examples.filter((name) => name !== AZURE) : [])]
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    succeed(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project])
  })

  it('makes the same schemas without typebox', async () => {
    vi.doMock('typebox', () => vi.importActual(join(root, 'scripts/lib/plain-schemas.mjs')))
    vi.resetModules()
    const plain = await vi.importActual<typeof protocol>('../packages/protocol/src/index.ts')
    vi.doUnmock('typebox')
    expect(plain.Machine).not.toHaveProperty('~kind')
    expect(Type.Object({})).toHaveProperty('~kind')
    expect(JSON.parse(JSON.stringify(plain))).toEqual(JSON.parse(JSON.stringify(protocol)))
  })

  it('loads in a browser', async () => {
    const script = readFileSync(join(installed, 'index.js'))
    const server = createServer((request, response) => {
      const isScript = request.url === '/client.js'
      response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
      response.end(isScript ? script : '<title>page</title>')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const browser = await launchChromium()
    try {
      const page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      const answer =
        await page.evaluate(`import('/client.js').then(async ({ FleetsweepClient, ClientError }) => {
        const tokens = { get: async () => 'token', forget() {} }
        const client = new FleetsweepClient({ baseUrl: location.origin, tokens })
        const error = await client.getMachine('x').catch((error) => error)
        return error instanceof ClientError && error.code
      })`)
      expect(answer).toBe('BadAnswer')
    } finally {
      await browser.close()
      server.close()
    }
  })
})

describe('programs that use the package, outside of the repository', () => {
  it('make a token by which a machine joins, in plain JavaScript', async () => {
    writeFileSync(
      join(project, 'enroll.js'),
      `import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
const { baseUrl } = JSON.parse(process.argv[2])
const client = new FleetsweepClient({ baseUrl, tokens: clientCredentials(JSON.parse(process.argv[2])) })
const { token } = await client.createEnrollmentToken({ tags: ["o'brien & co"] })
console.log(token)
`,
    )
    const { out } = await run(project, 'enroll.js', [JSON.stringify(fleet.credentials)])
    const places = JSON.stringify([join(folder, 'files')])
    await fleet.startAgent(out.trim(), `quickPlaces = ${places}\nfullRoots = ${places}`)
    const listed = await run(root, `packages/client/examples/${AZURE}`, [])
    expect(listed.out).toMatch(/: Active\n$/)
  })

  it('scan a machine and say what was found', async () => {
    const { out, err, code } = await run(project, 'scan-one-machine.ts', [await machineName()])
    expect(err).toContain('Succeeded')
    expect(out).toMatch(/: 1 detection.*\n {2}\S+ in .*eicar\.com\n$/s)
    expect(code).toBe(1)
  })

  it('scan all machines with a tag', async () => {
    const { out, code } = await run(project, 'scan-tagged-machines.ts', ["o'brien & co", '4'])
    expect(out).toMatch(/^\S+: 1 detection.*\n$/)
    expect(code).toBe(0)
  })

  it('list what a scan left out', async () => {
    const { out, code } = await run(project, 'list-files-not-scanned.ts', [await machineName()])
    expect(out).toMatch(/files? met in all\n$/)
    expect(code).toBe(0)
  })

  it('follow alerts, and scan the machine of one once', async () => {
    const first = await firstLineOf(start(project, 'scan-on-alert.ts', ['2026-11-01']))
    expect(first).toMatch(/^da\d+_-?\d+: asked for scan [0-9a-f-]{36}$/)
    const again = await firstLineOf(start(project, 'scan-on-alert.ts', ['2026-11-01']))
    expect(again).toBe(`${first.split(':')[0]}: its machine was scanned in full lately`)
  })

  it('sign a person in by a code', async () => {
    await using server = await new FakeServer().listen()
    server.addMachine({ computerDnsName: 'lab-07' })
    const given = { FLEETSWEEP_URL: server.baseUrl, FLEETSWEEP_TENANT: server.tenant }
    const program = start(project, 'sign-in-by-device-code.ts', [], given)
    for await (const piece of program.stdout.setEncoding('utf8')) {
      const [, code] = /enter (\S+)/.exec(piece) ?? []
      if (code !== undefined) server.people.decide(code, 'approved')
      if (piece.includes('lab-07: Active')) return
    }
    throw new Error('The program ended without the machines.')
  })
})

describe('docs/client.md', () => {
  it.each(examples)('shows %s as it is', (name) => {
    const page = readFileSync(join(root, 'docs/client.md'), 'utf8')
    expect(page).toContain(`\`\`\`ts\n${readFileSync(join(EXAMPLES, name), 'utf8')}\`\`\``)
  })
})

function start(cwd: string, program: string, args: readonly string[], env: Record<string, string> = {}) {
  const { baseUrl, tenant, clientId, clientSecret } = fleet.credentials
  return spawn(process.execPath, [program, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      NODE_EXTRA_CA_CERTS: fleet.caFile ?? '',
      FLEETSWEEP_URL: baseUrl,
      FLEETSWEEP_TENANT: tenant,
      FLEETSWEEP_CLIENT_ID: clientId,
      FLEETSWEEP_CLIENT_SECRET: clientSecret,
      ...env,
    },
  })
}

async function run(cwd: string, program: string, args: readonly string[]) {
  const child = start(cwd, program, args)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  if (out === '') throw new Error(`${program} ended with ${code} and said: ${err}`)
  return { out, err, code }
}

/** Of a program that goes on until somebody ends it. */
async function firstLineOf(program: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  const said = text(program.stderr)
  for await (const line of createInterface(program.stdout)) {
    program.kill()
    return line
  }
  throw new Error(`The program ended, and said: ${await said}`)
}

async function machineName(): Promise<string> {
  const { out } = await run(root, `packages/client/examples/${AZURE}`, [])
  return out.split(':')[0] ?? ''
}

function succeed(program: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  expect(status, `${program}: ${error ?? stdout + stderr}`).toBe(0)
}
