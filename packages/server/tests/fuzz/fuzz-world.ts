import { createHash, randomUUID } from 'node:crypto'
import type { AgentEvent, MachineActionId, MachineId } from '@fleetsweep/protocol'
import { type ApiDatabase, ApiServer } from '../api-server.ts'
import { DatabaseRows } from '../database-rows.ts'
import { type RawAnswer, rawCall } from '../raw-call.ts'
import { accepted, detected, finished, started } from '../stores/builders.ts'

/** One request of a fuzzer. */
export type FuzzCall = {
  method: string
  /** As it stands in the request line. */
  target: string
  /** Whole header lines; Host and, unless `headers` frame the body themselves, its length are added. */
  headers?: readonly string[]
  body?: Buffer | string
  /** With the token of an application that may do everything. */
  signedIn?: boolean
}

/** Anonymous calls and failed tokens are counted by address, and the clock stands still: an address serves so many. */
const CALLS_OF_AN_ADDRESS = 100

/** A server with something of everything on it, and a way to tell whether a call changed it. */
export class FuzzWorld implements AsyncDisposable {
  readonly api: ApiServer
  readonly machine: MachineId
  readonly action: string
  /** What else there is to be named, at the beginning. */
  readonly ids: string[] = []
  #token: string
  readonly #rows: DatabaseRows
  readonly #isSqlite: boolean
  #calls = 0
  #known: { mark: string; digest: string } | undefined

  static async open(openDatabase: () => Promise<ApiDatabase>): Promise<FuzzWorld> {
    const api = await ApiServer.start(openDatabase)
    const token = await api.token(await api.application())
    const machine = await api.machine(1, { computerDnsName: 'web-01.contoso.example' }, ['lab', 'It’s "odd"'])
    const windows = { osPlatform: 'Windows11', osKind: 'windows', osBuild: 22_631 } as const
    await api.machine(2, windows)
    const rows = await DatabaseRows.open(api.database)
    const world = new FuzzWorld({
      api,
      token,
      machine,
      rows,
      action: await scanThatFound(api, token, machine),
    })
    await world.#fill()
    return world
  }

  private constructor(parts: {
    api: ApiServer
    token: string
    machine: MachineId
    action: string
    rows: DatabaseRows
  }) {
    this.api = parts.api
    this.machine = parts.machine
    this.action = parts.action
    this.#token = parts.token
    this.#rows = parts.rows
    this.#isSqlite = parts.api.database.kind === 'sqlite'
  }

  async #fill(): Promise<void> {
    const group = await this.create('userGroups', { displayName: 'Analysts' })
    const userGroupIds = [group.id]
    const name = 'ada@contoso.example'
    const user = await this.create('users', { displayName: 'Ada', userPrincipalName: name, userGroupIds })
    const permissions = ['ViewData']
    const role = await this.create('roles', { displayName: 'Analyst', permissions, userGroupIds })
    const rules = { tag: [{ operator: 'equals', value: 'lab' }] }
    const deviceGroup = await this.create('deviceGroups', { displayName: 'Lab', rules })
    const application = await this.create('applications', { displayName: 'Playbook', permissions: [] })
    const token = await this.create('enrollmentTokens', {})
    this.ids.push(group.id, user.id, name, role.id, String(deviceGroup.id), application.id, token.id)
    await this.create(`/api/machines/${this.machine}/runAntiVirusScan`, { Comment: 'c', ScanType: 'Full' })
  }

  /** @param where a collection of the Fleet API, or a whole path */
  async create(where: string, body: object): Promise<{ id: string }> {
    const target = where.startsWith('/') ? where : `/fleet/v1/${where}`
    const answer = await this.send({ method: 'POST', target, body: JSON.stringify(body), signedIn: true })
    if (answer.status !== 201) throw new Error(`${target} was answered ${answer.status}: ${answer.text}`)
    return answer.json()
  }

  /** Sends a call on a connection of its own, from an address that has not called too often. */
  send({ method, target, headers = [], body = '', signedIn = false }: FuzzCall): Promise<RawAnswer> {
    const bytes = Buffer.from(body)
    const names = headers.map((line) => line.slice(0, line.indexOf(':')).trim().toLowerCase())
    const head = [
      `${method} ${target} HTTP/1.1`,
      ...(names.includes('host') ? [] : [`Host: ${new URL(this.api.origin).host}`]),
      ...(signedIn ? [`Authorization: Bearer ${this.#token}`] : []),
      ...headers,
      ...(bytes.length === 0 || names.includes('transfer-encoding') || names.includes('content-length')
        ? []
        : [`Content-Length: ${bytes.length}`]),
      'Connection: close',
    ]
    return rawCall(this.api.origin, head, bytes, { from: this.nextAddress() })
  }

  /** Goes on as another application, whose limits nobody has reached. */
  async signInAnew(): Promise<void> {
    this.#token = await this.api.token(await this.api.application())
  }

  /** An address of this computer that may still call. */
  nextAddress(): string {
    const turn = Math.floor(this.#calls++ / CALLS_OF_AN_ADDRESS)
    return `127.${1 + ((turn >> 16) & 0x7f)}.${(turn >> 8) & 0xff}.${1 + (turn & 0x7f)}`
  }

  /** Whether the server still serves. */
  async expectGoodCall(): Promise<void> {
    const answer = await this.send({ method: 'GET', target: `/api/machines/${this.machine}`, signedIn: true })
    if (answer.status !== 200) throw new Error(`A good call was answered ${answer.status}: ${answer.text}`)
  }

  /** Everything that the server keeps, in short; the same text as long as nothing changed. */
  async state(): Promise<string> {
    const before = await this.#mark()
    if (this.#known?.mark === before) return this.#known.digest
    const digest = this.#isSqlite ? before : await this.#digest()
    this.#known = { mark: before, digest }
    return digest
  }

  /** Changes with every write to the database; PostgreSQL's also with writes to another one of the cluster. */
  async #mark(): Promise<string> {
    const [row] = this.#isSqlite
      ? await this.#rows.query('PRAGMA data_version')
      : await this.#rows.query('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS at')
    return JSON.stringify(row)
  }

  async #digest(): Promise<string> {
    const tables = await this.#rows.query(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    )
    const digests = tables.map(({ name }) => {
      const table = String(name)
      return `SELECT '${table}' AS name, coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS md5 FROM ${table} t`
    })
    const rows = await this.#rows.query(`${digests.join(' UNION ALL ')} ORDER BY name`)
    return createHash('sha256').update(JSON.stringify(rows)).digest('hex')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rows[Symbol.asyncDispose]()
    await this.api[Symbol.asyncDispose]()
  }
}

/** Scans a machine to the end, with a detection. */
async function scanThatFound(api: ApiServer, token: string, machine: MachineId): Promise<string> {
  const answer = await fetch(`${api.origin}/api/machines/${machine}/runAntiVirusScan`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ Comment: randomUUID(), ScanType: 'Quick' }),
  })
  const { id } = (await answer.json()) as { id: MachineActionId }
  const events: AgentEvent[] = [accepted, started(), detected('/srv/upload/eicar.com'), finished]
  for (const [index, event] of events.entries()) {
    await api.of.scans.takeEvent({
      machineId: machine,
      actionId: id,
      number: index + 1,
      event,
      reportUrl: 'https://fleet.example',
      silenceMs: 3_600_000,
    })
  }
  return id
}
