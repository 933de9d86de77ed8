import { randomUUID } from 'node:crypto'
import {
  type DeviceGroupId,
  type MachineActionId,
  type MachineId,
  PERMISSIONS,
  type Permission,
  ROLE_PERMISSIONS,
  type RoleId,
  type RolePermission,
  scopeOf,
  type TenantId,
  type UserGroupId,
  type UserId,
} from '@fleetsweep/protocol'
import { ALL_MACHINES } from '../../src/principal/index.ts'
import { type ApiDatabase, ApiServer, type Application } from '../api-server.ts'
import { call } from '../call.ts'
import { detected, finished, TIME_OUT_MS } from '../stores/builders.ts'

/** Everybody who may call a route, or not, around one machine that belongs to somebody. */
export class AccessWorld implements AsyncDisposable {
  readonly api: ApiServer
  readonly #applications = new Map<string, Application>()
  readonly #people = new Map<string, UserId>()
  #owners: UserGroupId | undefined
  #strangers: { tenant: TenantId; application: Application } | undefined
  #machine = ''
  #action = ''
  #alert = ''
  #scanned = ''
  #detection = ''
  #task = ''
  readonly #quarantined = randomUUID()

  static async open(openDatabase: () => Promise<ApiDatabase>): Promise<AccessWorld> {
    const world = new AccessWorld(await ApiServer.start(openDatabase))
    await world.#populate()
    return world
  }

  private constructor(api: ApiServer) {
    this.api = api
  }

  /** The one machine; its device group names the owners alone. */
  get machine(): string {
    return this.#machine
  }

  /** A scan of it that waits. */
  get action(): string {
    return this.#action
  }

  /** An earlier scan of it, which has ended. */
  get scanned(): string {
    return this.#scanned
  }

  /** A file that the earlier scan found, which stayed where it is. */
  get detection(): string {
    return this.#detection
  }

  /** Another one that it moved to quarantine. */
  get quarantined(): string {
    return this.#quarantined
  }

  /** A task of the machine that waits. */
  get task(): string {
    return this.#task
  }

  /** What an earlier scan found on it. */
  get alert(): string {
    return this.#alert
  }

  async #populate(): Promise<void> {
    const name = 'lab-01.contoso.example'
    this.#machine = await this.api.machine(1, { computerDnsName: name })
    this.#owners = await this.userGroup('Owners')
    const rules = { name: [{ operator: 'equals', value: name }] }
    await this.create('deviceGroups', { displayName: 'Lab', rules, userGroupIds: [this.#owners] })
    this.#alert = await this.#findThreat(await this.#requestScan('The one that found something'))
    this.#action = await this.#requestScan('The one that waits')
    const updates = `machines/${this.#machine}/updateSignatures`
    this.#task = (await this.create(updates, { comment: 'The one that waits' })).taskId ?? ''
  }

  async #requestScan(comment: string): Promise<MachineActionId> {
    const body = { Comment: comment, ScanType: 'Quick' }
    const { id } = await this.create(`/api/machines/${this.#machine}/runAntiVirusScan`, body)
    return id as MachineActionId
  }

  /** Ends a scan as its machine does. */
  async #findThreat(actionId: MachineActionId): Promise<string> {
    const { alerts, scans, detections } = this.api.of
    const told = {
      machineId: this.#machine as MachineId,
      actionId,
      reportUrl: this.api.origin,
      silenceMs: TIME_OUT_MS,
    }
    await scans.takeEvent({ ...told, number: 1, event: detected('/tmp/eicar.com') })
    const moved = { disposition: 'quarantined', quarantineId: this.#quarantined } as const
    await scans.takeEvent({ ...told, number: 2, event: detected('/tmp/moved', 1, moved) })
    await scans.takeEvent({ ...told, number: 3, event: finished })
    const [, stayed] = await detections.list({ limit: 2 }, ALL_MACHINES)
    this.#detection = stayed?.id ?? ''
    await this.#sendList(actionId)
    const { rows } = await alerts.list({ orderBy: [], skip: 0, pageSize: 1 }, ALL_MACHINES)
    return rows[0]?.alert.id ?? ''
  }

  /** What the scan left out, as its machine sends it. */
  async #sendList(actionId: MachineActionId): Promise<void> {
    const { blobs } = this.api.of
    const content = Buffer.from('list')
    const quotas = { perScanBytes: 100, perMachineBytes: 100, perTenantBytes: 100 }
    const whole = { actionId, machineId: this.#machine as MachineId, sha256: '0'.repeat(64), sizeBytes: 4 }
    await blobs.append({ ...whole, atByte: 0, content, quotas })
    await blobs.complete(actionId)
    this.#scanned = actionId
  }

  /** Creates something as an administrator does. @param where a collection of the Fleet API, or a whole path */
  async create(
    where: string,
    body: object,
  ): Promise<{ id: string | number; secret?: string; taskId?: string }> {
    const path = where.startsWith('/') ? where : `/fleet/v1/${where}`
    const answer = await this.call(`POST ${path}`, await this.applicationToken(PERMISSIONS), body)
    if (answer.status !== 201) throw new Error(`POST ${path} was answered ${answer.status}: ${answer.text}`)
    return answer.json()
  }

  async userGroup(displayName: string = randomUUID()): Promise<UserGroupId> {
    const { id } = await this.create('userGroups', { displayName })
    const permissions: RolePermission[] = ['ViewData']
    // A device group may only name user groups that hold a role.
    await this.create('roles', { displayName: `${displayName} may look`, permissions, userGroupIds: [id] })
    return id as UserGroupId
  }

  async role(permissions: readonly RolePermission[], userGroupIds: readonly UserGroupId[]): Promise<RoleId> {
    const { id } = await this.create('roles', { displayName: randomUUID(), permissions, userGroupIds })
    return id as RoleId
  }

  async deviceGroup(): Promise<DeviceGroupId> {
    const rules = { tag: [{ operator: 'equals', value: randomUUID() }] }
    const { id } = await this.create('deviceGroups', { displayName: randomUUID(), rules })
    return id as DeviceGroupId
  }

  /** A fresh token of an application that holds these permissions. */
  async applicationToken(permissions: readonly Permission[]): Promise<string> {
    const key = [...permissions].sort().join()
    const application = this.#applications.get(key) ?? (await this.api.application(permissions))
    this.#applications.set(key, application)
    return this.api.token(application)
  }

  /**
   * A fresh token of a person.
   *
   * @param may what their program may ask for, and what their roles allow
   * @param isOwner whether they reach the machine
   */
  async personToken(
    may: { permissions: readonly Permission[]; rolePermissions: readonly RolePermission[] },
    isOwner: boolean,
  ): Promise<string> {
    const key = `${[...may.rolePermissions].sort().join()} ${isOwner}`
    const person = this.#people.get(key) ?? (await this.#person(may.rolePermissions, isOwner))
    this.#people.set(key, person)
    return this.api.userToken(person, may.permissions.map(scopeOf))
  }

  async #person(rolePermissions: readonly RolePermission[], isOwner: boolean): Promise<UserId> {
    // A group of their own: the owners' role allows to look, which is not to be had by everybody here.
    const { id } = await this.create('userGroups', { displayName: randomUUID() })
    const group = id as UserGroupId
    await this.role(rolePermissions, [group])
    if (isOwner) await this.#letIn(group)
    return this.api.user(`${randomUUID()}@contoso.example`, [group])
  }

  async #letIn(group: UserGroupId): Promise<void> {
    const token = await this.applicationToken(PERMISSIONS)
    const groups = await this.call('GET /fleet/v1/deviceGroups', token)
    const { items } = groups.json<{ items: { id: number; displayName: string; userGroupIds: string[] }[] }>()
    const lab = items.find(({ displayName }) => displayName === 'Lab')
    const body = { userGroupIds: [...(lab?.userGroupIds ?? []), group] }
    const answer = await this.call(`PATCH /fleet/v1/deviceGroups/${lab?.id}`, token, body)
    if (answer.status !== 200) throw new Error(`The group was not let in: ${answer.text}`)
  }

  /** A fresh token of an application of another tenant, which may do everything there. */
  async strangersToken(): Promise<string> {
    this.#strangers ??= await this.#openTenant()
    return this.api.token(this.#strangers.application, this.#strangers.tenant)
  }

  async #openTenant() {
    const tenant = randomUUID() as TenantId
    await this.api.stores.tenants.create({ id: tenant, domain: 'fabrikam.example', displayName: 'Fabrikam' })
    await this.api.addKeys(tenant)
    return { tenant, application: await this.api.application(PERMISSIONS, tenant) }
  }

  /** Takes an application's only secret away. */
  async revoke({ id }: Application): Promise<void> {
    const token = await this.applicationToken(PERMISSIONS)
    const { secrets } = (await this.call(`GET /fleet/v1/applications/${id}`, token)).json<{
      secrets: { id: string }[]
    }>()
    const answer = await this.call(`DELETE /fleet/v1/applications/${id}/secrets/${secrets[0]?.id}`, token)
    if (answer.status !== 204) throw new Error(`The secret was not revoked: ${answer.text}`)
  }

  call(target: string, token?: string, body?: object) {
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    return call(this.api.origin, target, { headers, ...(body === undefined ? {} : { body }) })
  }

  /** As `call`, for answers that may have no end: what came first. */
  async begin(
    target: string,
    token: string | undefined,
    body?: object,
  ): Promise<{ status: number; text: string }> {
    const [method = '', path = ''] = target.split(' ')
    const leave = new AbortController()
    const answer = await fetch(`${this.api.origin}${path}`, {
      method,
      signal: leave.signal,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') ?? false
    const text = isStream ? '' : await answer.text()
    leave.abort()
    return { status: answer.status, text }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.api[Symbol.asyncDispose]()
  }
}

/** All permissions, or role permissions, but these. */
export function allBut<T extends Permission | RolePermission>(all: readonly T[], these: readonly T[]): T[] {
  return all.filter((one) => !these.includes(one))
}

export const EVERY_ROLE_PERMISSION = ROLE_PERMISSIONS
