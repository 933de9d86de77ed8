import type { DeviceGroup, MachineAction, Role, ScanPolicy, User, UserGroup } from '@fleetsweep/protocol'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../src/index.ts'
import { CliTestIo } from './cli-test-io.ts'

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start()
  await server.enroll('lab-01.contoso.example')
  await server.enroll('srv-01.contoso.example')
})
afterAll(() => server[Symbol.asyncDispose]())

/** Runs one command against the real server; arguments may hold blanks. */
function run(...args: string[]) {
  return runAs(server.made.application, ...args)
}

async function runAs(application: { id: string; secret: string }, ...args: string[]) {
  const io = new CliTestIo()
  io.env = {
    FLEETSWEEP_URL: server.url,
    FLEETSWEEP_TENANT: server.made.tenant.id,
    FLEETSWEEP_CLIENT_ID: application.id,
    FLEETSWEEP_CLIENT_SECRET: application.secret,
  }
  const code = await runCli(args, io)
  return { code, out: io.stdout, err: io.stderr, json: <T>() => JSON.parse(io.stdout) as T }
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, err, json: read } = await run(...args, '--json')
  expect([code, err]).toEqual([0, ''])
  return read<T>()
}

describe('people on the command line', () => {
  it('are added to groups, disabled, enabled and deleted', async () => {
    await run('user-groups', 'create', 'Night shift', '--description', 'On call')
    const ada = await run(
      'users',
      'create',
      'ada@contoso.example',
      '--name',
      'Ada',
      '--user-group',
      'night shift',
    )
    expect(ada.code).toBe(0)
    expect(ada.out).toMatch(/ada@contoso\.example +Ada +Night shift +–/)
    expect((await json<User>('users', 'disable', 'ADA@contoso.example')).disabledAt).not.toBeNull()
    expect((await json<User>('users', 'enable', 'ada@contoso.example')).disabledAt).toBeNull()
    await run('users', 'change', 'ada@contoso.example', '--name', 'Ada L.')
    expect((await json<User>('users', 'show', 'ada@contoso.example')).displayName).toBe('Ada L.')
    expect((await run('users', 'delete', 'ada@contoso.example')).err).toBe('Deleted: ada@contoso.example.\n')
    const gone = await run('users', 'show', 'ada@contoso.example')
    expect([gone.code, gone.err]).toEqual([1, expect.stringContaining('ada@contoso.example was not found')])
  })

  it('get a link on which they choose a password, alone on stdout', async () => {
    await run('users', 'create', 'dee@contoso.example')
    const made = await run('users', 'link', 'DEE@contoso.example')
    expect(made.out).toMatch(/^http\S+\/password\?link=[\w-]{43}\n$/)
    expect(made.err).toContain('dee@contoso.example chooses a password')
    expect((await run('users', 'sign-out', 'dee@contoso.example')).err).toBe(
      'Signed out everywhere: dee@contoso.example.\n',
    )
    const nobody = await run('users', 'link', 'nobody@contoso.example')
    expect([nobody.code, nobody.out]).toEqual([1, ''])
  })

  it('come into a group together, or not at all', async () => {
    await run('user-groups', 'create', 'Desk', '--external-id', 'entra-7')
    for (const name of ['bo', 'cy']) await run('users', 'create', `${name}@contoso.example`)
    const wrong = await run('user-groups', 'add', 'Desk', 'bo@contoso.example', 'nobody@contoso.example')
    expect(wrong.code).toBe(1)
    expect(await json<User[]>('user-groups', 'members', 'Desk')).toEqual([])
    const added = await run('user-groups', 'add', 'desk', 'bo@contoso.example', 'CY@contoso.example')
    expect(added.err).toBe('In Desk now: bo@contoso.example, cy@contoso.example.\n')
    await run('user-groups', 'remove', 'Desk', 'bo@contoso.example')
    expect((await json<User[]>('user-groups', 'members', 'Desk')).map((one) => one.displayName)).toEqual([
      'cy',
    ])
    const changed = await json<UserGroup>('user-groups', 'change', 'Desk', '--external-id', '')
    expect(changed.externalId).toBeNull()
  })
})

describe('programs that people sign in with on the command line', () => {
  it('are told how, shown, and closed again', async () => {
    const { id } = server.made.application
    const show = async () => (await run('applications', 'sign-in', id)).out
    expect(await show()).toBe('Nobody signs in with it.\n')
    const redirect = 'https://app.example/back'
    const set = ['--public', '--redirect', redirect, '--scope', 'Machine.Read']
    expect((await run('applications', 'sign-in', id, ...set)).code).toBe(0)
    expect(await show()).toContain(`sent back to ${redirect}. It is public: it has no secret.`)
    expect((await run('applications', 'sign-in', id, '--nobody')).out).toBe('Nobody signs in with it.\n')
    expect((await run('applications', 'sign-in', id, '--redirect', redirect)).code).toBe(2)
    expect((await run('applications', 'sign-in', id, '--nobody', '--public')).code).toBe(2)
  })
})

describe('roles on the command line', () => {
  it('are made of permissions and given to groups; the built-in one says what it is', async () => {
    await run('user-groups', 'create', 'Analysts')
    const args = [
      '--permission',
      'viewdata',
      '--permission',
      'ActiveRemediationActions',
      '--user-group',
      'Analysts',
    ]
    const made = await json<Role>('roles', 'create', 'Analyst', ...args)
    expect(made.permissions).toEqual(['ActiveRemediationActions', 'ViewData'])
    const list = await run('roles', 'list')
    expect(list.out).toMatch(/Administrator +everything +Administrators/)
    expect(list.out).toMatch(/Analyst +ActiveRemediationActions, ViewData +Analysts/)
    expect((await json<Role>('roles', 'change', 'Analyst', '--no-user-groups')).userGroupIds).toEqual([])
    expect((await run('roles', 'delete', 'Analyst')).code).toBe(0)
    const builtIn = await run('roles', 'delete', 'Administrator')
    expect([builtIn.code, builtIn.err]).toEqual([1, expect.stringContaining('built in')])
  })
})

describe('device groups on the command line', () => {
  it('are previewed, made, ranked, opened and deleted', async () => {
    await run('user-groups', 'create', 'Server team')
    await run('roles', 'create', 'Server role', '--permission', 'ViewData', '--user-group', 'Server team')
    const preview = await run('device-groups', 'preview', '--rule', 'name startsWith SRV-')
    expect(preview.out).toContain('1 machine within your reach matches.')
    expect(preview.out).toContain('srv-01.contoso.example')
    const rules = [
      '--rule',
      'name startsWith srv-',
      '--rule',
      'name startsWith db-',
      '--rule',
      'domain equals contoso.example',
    ]
    const made = await run('device-groups', 'create', 'Servers', ...rules, '--user-group', 'Server team')
    expect(made.out).toContain(
      '(name startsWith srv- or name startsWith db-) and domain equals contoso.example',
    )
    expect(made.out).toMatch(/Servers +1 +1 +Server team/)
    await run('device-groups', 'create', 'Everything', '--rule', 'domain contains contoso')
    const ranked = await json<DeviceGroup[]>('device-groups', 'order', 'Everything', '1')
    expect(ranked.map(({ displayName, machineCount }) => [displayName, machineCount])).toEqual([
      ['Everything', 2],
      ['Servers', 0],
      ['Ungrouped devices (default)', 0],
    ])
    expect((await json<DeviceGroup>('device-groups', 'change', '1', '--open')).userGroupIds).toEqual([])
    const level = await json<DeviceGroup>('device-groups', 'change', '0', '--remediation', 'semicorefolders')
    expect(level.remediationLevel).toBe('SemiCoreFolders')
    expect((await run('device-groups', 'delete', 'Everything')).err).toContain('Deleted: Everything.')
    expect((await run('device-groups', 'list')).out).toMatch(/last +Ungrouped devices \(default\) +0 +1/)
  })
})

describe('the scan policy of a device group on the command line', () => {
  it('is shown, changed in what is named, and taken back', async () => {
    const shown = await run('device-groups', 'policy', '0')
    expect([shown.code, shown.out]).toEqual([0, expect.stringMatching(/Works: +at any time/)])
    const window = ['--window', 'sat,Sunday 22:00-06:00', '--window', 'daily 12:00-13:00']
    const changed = await run(
      'device-groups',
      'policy',
      '0',
      '--cpu',
      '25',
      '--exclude',
      '/srv/mail',
      ...window,
    )
    expect(changed.err).toBe('')
    expect(changed.out).toMatch(/CPU at most: +25 %/)
    expect(changed.out).toMatch(/Works: +sat, sun 22:00–06:00; daily 12:00–13:00/)
    expect(changed.out).toContain('/srv/mail')
    const back = await json<ScanPolicy>('device-groups', 'policy', '0', '--any-time', '--exclude-nothing')
    expect(back).toMatchObject({ windows: [], exclusions: [], cpuCeilingPercent: 25 })
    const defaults = await json<ScanPolicy>('device-groups', 'policy', '0', '--defaults')
    expect(defaults).toMatchObject({ cpuCeilingPercent: 50, changedAt: null })
  })
})

type Chooser = { id: string; secret: { secret: string } }

describe('a scan that the Defender API cannot ask for', () => {
  it('reads every file anew, or looks at chosen paths', async () => {
    const anew = await json<MachineAction[]>('scan', 'lab-01.contoso.example', '--rescan')
    expect(anew).toMatchObject([{ scope: 'Quick', status: 'Pending' }])
    const permissions = ['Machine.Scan', 'Machine.Read.All', 'Scan.Run.Custom', 'Scan.Read.All']
    const named = permissions.flatMap((permission) => ['--permission', permission])
    const { id, secret } = await json<Chooser>('applications', 'create', 'Chooser', ...named)
    const chooser = { id, secret: secret.secret }
    const chosen = await runAs(
      chooser,
      'scan',
      'srv-01.contoso.example',
      '--path',
      '/srv',
      '--path',
      '/opt',
      '--json',
    )
    expect(chosen.err).toBe('')
    expect(chosen.json()).toMatchObject([{ scope: 'Custom' }])
    const [action] = chosen.json<MachineAction[]>()
    const report = await run('report', action?.id ?? '')
    expect(report.out).toContain('Of /srv, /opt')
  })
})

describe('whoami', () => {
  it('says who calls, what they may do and where', async () => {
    const { code, out } = await run('whoami')
    expect(code).toBe(0)
    expect(out).toContain('Application  SOC automation')
    expect(out).toMatch(/Permissions +.*Fleet\.Admin/)
    expect(out).toMatch(/Reaches +every machine/)
  })
})

describe('what is misused', () => {
  it.each([
    [['users'], 'Say one of list, show, create'],
    [['users', 'change', 'ada@contoso.example'], '--name'],
    [['user-groups', 'add', 'Desk'], 'which people'],
    [['user-groups', 'change', 'Desk'], 'Say what to change'],
    [['roles', 'create', 'x'], '--permission'],
    [['roles', 'create', 'x', '--permission', 'Everything'], 'There are ViewData'],
    [['device-groups', 'create', 'x'], '--rule'],
    [['device-groups', 'create', 'x', '--rule', 'tag lab'], 'startsWith, endsWith, contains'],
    [['device-groups', 'change', 'x', '--remediation', 'half'], 'SemiCoreFolders'],
    [['device-groups', 'policy', '0', '--cpu', '4'], 'from 5 to 100'],
    [['device-groups', 'policy', '0', '--window', 'fri'], 'sat,sun 22:00-06:00'],
    [['device-groups', 'policy', '0', '--window', 'xyz 22:00-06:00'], 'sat,sun 22:00-06:00'],
    [['device-groups', 'policy', '0', '--exclude', '/srv', '--exclude-nothing'], 'exclude each other'],
    [['device-groups', 'policy', '0', '--on-detection', 'delete'], 'report or quarantine'],
    [['device-groups', 'policy', '0', '--defaults', '--cpu', '20'], 'goes with no other'],
    [['scan', 'lab-01', '--type', 'custom'], '--path goes with'],
    [['scan', 'lab-01', '--type', 'quick', '--path', '/srv'], '--path goes with'],
    [['device-groups', 'order'], 'the highest rank first'],
    [['whoami', 'me'], 'not expected'],
  ])('%j exits with 2 and says how it is done', async (args, message) => {
    const { code, err } = await run(...args)
    expect([code, err]).toEqual([2, expect.stringContaining(message)])
  })

  it.each([
    [['user-groups', 'delete', 'Nobody'], 'fleetsweep user-groups list'],
    [['roles', 'delete', 'Nothing'], 'fleetsweep roles list'],
    [['device-groups', 'delete', '99'], 'fleetsweep device-groups list'],
    [['users', 'create', 'not an address'], 'userPrincipalName'],
  ])('%j exits with 1 and says where to look', async (args, message) => {
    const { code, err } = await run(...args)
    expect([code, err]).toEqual([1, expect.stringContaining(message)])
  })
})
