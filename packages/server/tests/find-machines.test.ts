// https://learn.microsoft.com/en-us/defender-endpoint/api/find-machines-by-ip
// https://learn.microsoft.com/en-us/defender-endpoint/api/find-machines-by-tag
import { addMs, formatInstant, type Inventory, type MachineId } from '@fleetsweep/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AccessWorld, EVERY_ROLE_PERMISSION } from './access/access-world.ts'
import { type ApiCaller, ApiServer, postgresDatabase, refusalOf, sqliteDatabase } from './api-server.ts'
import { call } from './call.ts'
import { inventory } from './stores/builders.ts'

type List = {
  '@odata.context': string
  '@odata.nextLink'?: string
  '@odata.count'?: number
  value: { id: string }[]
}

const MINUTE_MS = 60_000

function addresses(...ips: string[]): Pick<Inventory, 'ipAddresses'> {
  return {
    ipAddresses: ips.map((ipAddress) => ({
      ipAddress,
      macAddress: '00155d010203',
      type: 'Ethernet',
      operationalStatus: 'Up',
    })),
  }
}

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
] as const)('finding machines on %s', (_, openDatabase) => {
  let api: ApiServer
  let ask: ApiCaller
  let first: MachineId
  let second: MachineId
  /** When both machines were last heard of, with what they have now. */
  let seen: string

  beforeAll(async () => {
    api = await ApiServer.start(openDatabase)
    first = await api.machine(1, addresses('172.22.88.210', '2001:db8::7'), ['Finance', 'x'])
    second = await api.machine(2, addresses('172.22.88.210', '172.22.88.211'), ['finance-eu'])
    seen = formatInstant(api.clock.now())
    ask = await api.caller()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const idsOf = async (target: string) => {
    const answer = await ask(target)
    expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 })
    return answer.json<List>().value.map(({ id }) => id)
  }
  const byIp = (given: string, query = '') => `GET /api/machines/findbyip(${given})${query}`

  describe('by an address', () => {
    it('answers those that had it within a quarter of an hour, as a list of machines', async () => {
      const answer = await ask(byIp(`ip='172.22.88.210',timestamp=${seen}`))
      expect(answer.status).toBe(200)
      const list = answer.json<List>()
      expect(list['@odata.context']).toBe(`${api.origin}/api/$metadata#Machines`)
      expect(list.value.map(({ id }) => id).sort()).toEqual([first, second].sort())
      const [shown] = list.value
      expect((await ask(`GET /api/machines/${shown?.id}`)).json()).toMatchObject({ ...shown })
      const at = api.clock.now()
      const moments = [-16, -14, 14, 16].map((minutes) => formatInstant(addMs(at, minutes * MINUTE_MS)))
      const found = []
      for (const moment of moments) found.push(await idsOf(byIp(`ip='172.22.88.211',timestamp=${moment}`)))
      expect(found).toEqual([[], [second], [second], []])
    })

    it.each([
      "ip='2001:db8::7',timestamp={seen}",
      'ip=2001:db8::7,timestamp={seen}',
      "timestamp={seen},ip='2001:DB8:0000::0007'",
      "ip='2001:db8::7%eth0',timestamp='{seen}'".replace('%', '%25'),
      "IP = '2001:db8:0:0:0:0:0:7' , TimeStamp = {seen} ".replaceAll(' ', '%20'),
      'ip%3D%272001%3Adb8%3A%3A7%27%2Ctimestamp%3D{seen}',
    ])('takes an address and a moment written as %s', async (given) => {
      expect(await idsOf(byIp(given.replace('{seen}', seen)))).toEqual([first])
    })

    it('takes an IPv4 address within IPv6 for itself', async () => {
      expect(await idsOf(byIp(`ip='::FFFF:172.22.88.211',timestamp=${seen}`))).toEqual([second])
      expect(await idsOf(byIp(`ip='::ffff:ac16:58d3',timestamp=${seen}`))).toEqual([second])
    })

    it.each([
      '2026-11-23T08:00Z',
      '2026-11-23T08:00:00Z',
      '2026-11-23T08:00:00.1Z',
      '2026-11-23T08:00:00.1234567Z',
      '2026-11-23T10:00:00+02:00',
      '2026-11-23T03:00:00-05:00',
      '2026-11-23T08:00:00',
    ])('takes the moment %s', async (moment) => {
      expect(await idsOf(byIp(`ip='172.22.88.211',timestamp=${moment}`))).toEqual([second])
    })

    it('does not refuse a moment to come, in which nobody was seen yet', async () => {
      expect(await idsOf(byIp("ip='172.22.88.211',timestamp=2026-11-23T20:00:00Z"))).toEqual([])
      expect(await idsOf(byIp("ip='172.22.88.211',timestamp=9999-12-31T23:59:59Z"))).toEqual([])
    })

    it('answers nobody for an address that is everybody’s, or nobody’s', async () => {
      for (const ip of ['127.0.0.1', '::1', '0.0.0.0', '192.0.2.99']) {
        expect(await idsOf(byIp(`ip='${ip}',timestamp=${seen}`))).toEqual([])
      }
    })

    it.each([
      ["ip='999.1.1.1',timestamp={seen}", 'InvalidIpAddress', "'999.1.1.1' is not an IP address"],
      ["ip='lab-01',timestamp={seen}", 'InvalidIpAddress', "'lab-01' is not an IP address"],
      ["ip='172.22.088.210',timestamp={seen}", 'InvalidIpAddress', "'172.22.088.210' is not an IP address"],
      ["ip='it''s',timestamp={seen}", 'InvalidIpAddress', "'it's' is not an IP address"],
      ["ip='172.22.88.210'", 'MissingRequiredParameter', 'The parameter timestamp is missing'],
      ["ip='172.22.88.210',timestamp=", 'MissingRequiredParameter', 'The parameter timestamp is missing'],
      ['timestamp={seen}', 'MissingRequiredParameter', 'The parameter ip is missing'],
      ["ip='',timestamp={seen}", 'MissingRequiredParameter', 'The parameter ip is missing'],
      ["ip='1.2.3.4',timestamp={seen},x=1", 'InvalidInput', "'x' is not one of ip, timestamp"],
      ['nonsense', 'InvalidInput', "'nonsense' is not one of ip, timestamp"],
      ["ip='1.2.3.4',ip='1.2.3.4',timestamp={seen}", 'InvalidInput', 'The parameter ip stands twice'],
      [
        "ip='1.2.3.4,timestamp={seen}",
        'InvalidInput',
        'The quote of ip is not closed before a comma or the end',
      ],
      [
        "ip='1.2.3.4',timestamp=yesterday",
        'InvalidInput',
        "timestamp is 'yesterday' and must be a date-time such as 2026-11-23T08:12:26Z",
      ],
      [
        "ip='1.2.3.4',timestamp=2026-10-24T07:59:59Z",
        'InvalidInput',
        'timestamp is 2026-10-24T07:59:59Z and must not be more than 30 days ago',
      ],
    ])('answers 400 for %s', async (given, code, message) => {
      const answer = await ask(byIp(given.replace('{seen}', seen)))
      expect(refusalOf(answer)).toEqual({ status: 400, code, message })
    })

    it('answers 400 for no arguments, and 404 for a function that is another', async () => {
      expect(refusalOf(await ask('GET /api/machines/findbyip()'))).toMatchObject({ status: 400 })
      for (const wrong of ["findbyname(ip='1.2.3.4')", 'findbyip', "findbyip(ip='1.2.3.4'"]) {
        expect(refusalOf(await ask(`GET /api/machines/${wrong}`))).toMatchObject({
          status: 404,
          code: 'ResourceNotFound',
        })
      }
    })

    it('filters, orders, counts and pages what was found', async () => {
      const all = `ip='172.22.88.210',timestamp=${seen}`
      const page = (await ask(byIp(all, '?$orderby=computerDnsName&$top=1&$count=true'))).json<List>()
      expect(page).toMatchObject({ '@odata.count': 2, value: [{ id: first }] })
      expect(await idsOf(byIp(all, '?$orderby=computerDnsName&$skip=1'))).toEqual([second])
      const filter = encodeURIComponent("computerDnsName eq 'lab-2.example'")
      expect(await idsOf(byIp(all, `?$filter=${filter}`))).toEqual([second])
      expect(refusalOf(await ask(byIp(all, '?$top=x')))).toMatchObject({ code: 'ODataError' })
    })

    it('never fails, whatever stands between the parentheses', async () => {
      const part = fc.oneof(
        fc.constantFrom(
          'ip',
          'timestamp',
          '=',
          ',',
          "'",
          "''",
          ' ',
          '%20',
          '1.2.3.4',
          '::1',
          '%',
          seen,
          '()',
          '%00',
        ),
        fc.string({ maxLength: 8 }).map(encodeURIComponent),
      )
      const given = fc.array(part, { maxLength: 12 }).map((parts) => parts.join('').replaceAll(' ', '%20'))
      await fc.assert(
        fc.asyncProperty(given, async (text) => {
          const answer = await ask(byIp(text))
          expect([200, 400, 404]).toContain(answer.status)
          expect(answer.headers['content-type']).toMatch(/^application\/json/)
        }),
        { numRuns: 200 },
      )
    })
  })

  describe('by a tag', () => {
    it('answers those that have it, in any case, as a list of machines', async () => {
      const answer = await ask('GET /api/machines/findbytag?tag=FINANCE&useStartsWithFilter=false')
      const list = answer.json<List>()
      expect(list['@odata.context']).toBe(`${api.origin}/api/$metadata#Machines`)
      expect(list.value.map(({ id }) => id)).toEqual([first])
      expect(await idsOf('GET /api/machines/FindByTag?tag=finance')).toEqual([first])
      expect(await idsOf('GET /api/machines/findbytag?tag=nothing')).toEqual([])
    })

    it('answers those with one that begins so, a page at a time', async () => {
      const target = 'GET /api/machines/findbytag?useStartsWithFilter=True&tag=fin'
      expect((await idsOf(target)).sort()).toEqual([first, second].sort())
      expect(await idsOf(`${target}&$top=1&$orderby=computerDnsName%20desc`)).toEqual([second])
      expect(await idsOf(`${target}&$filter=endswith(computerDnsName,'-2.example')`)).toEqual([second])
    })

    it('answers 400 where no tag is given, or no truth', async () => {
      for (const query of ['', '?tag=', '?tag=%20', '?useStartsWithFilter=true']) {
        expect(refusalOf(await ask(`GET /api/machines/findbytag${query}`))).toEqual({
          status: 400,
          code: 'MissingRequiredParameter',
          message: 'The parameter tag is missing',
        })
      }
      expect(
        refusalOf(await ask('GET /api/machines/findbytag?tag=x&useStartsWithFilter=maybe')),
      ).toMatchObject({
        status: 400,
        code: 'InvalidInput',
      })
    })
  })

  it('follows a machine that moves, at the pace of its heartbeats', async () => {
    const machine = await api.machine(3, addresses('10.0.0.3'))
    api.clock.advance('1h')
    const left = api.clock.now()
    await api.of.machines.recordSeen([{ id: machine, at: left }])
    api.clock.advance('8h')
    const connectedAt = api.clock.now()
    await api.of.machines.recordSeen([{ id: machine, at: connectedAt, connectedAt }])
    await api.of.machines.recordInventory(machine, { ...inventory(3), ...addresses('10.0.0.4') }, null)
    ask = await api.caller()
    const at = async (ip: string, minutes: number) => {
      const moment = formatInstant(addMs(left, minutes * MINUTE_MS))
      return idsOf(byIp(`ip='${ip}',timestamp=${moment}`))
    }
    expect(await at('10.0.0.3', -30)).toEqual([machine])
    expect(await at('10.0.0.3', 14)).toEqual([machine])
    expect(await at('10.0.0.3', 240)).toEqual([])
    expect(await at('10.0.0.3', 480)).toEqual([])
    expect(await at('10.0.0.4', 480)).toEqual([machine])
  })
})

describe('finding machines as a person', () => {
  it('shows only those within reach', async () => {
    await using world = await AccessWorld.open(sqliteDatabase)
    const { api } = world
    await api.of.machines.recordInventory(
      world.machine as MachineId,
      { ...inventory(1), computerDnsName: 'lab-01.contoso.example', ...addresses('10.0.0.1') },
      null,
    )
    const other = await api.machine(2, { computerDnsName: 'other.example', ...addresses('10.0.0.1') })
    const everything = { permissions: ['Machine.Read.All'], rolePermissions: EVERY_ROLE_PERMISSION } as const
    const target = `GET /api/machines/findbyip(ip='10.0.0.1',timestamp=${formatInstant(api.clock.now())})`
    const seenBy = async (isOwner: boolean) => {
      const authorization = `Bearer ${await world.personToken(everything, isOwner)}`
      const answer = await call(api.origin, target, { headers: { authorization } })
      return answer
        .json<List>()
        .value.map(({ id }) => id)
        .sort()
    }
    expect(await seenBy(true)).toEqual([world.machine, other].sort())
    expect(await seenBy(false)).toEqual([other])
  })
})
