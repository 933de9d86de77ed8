import {
  type ChangeDeviceGroupBody,
  type ChangeRoleBody,
  type ChangeScanPolicyBody,
  type ChangeUserBody,
  type ChangeUserGroupBody,
  type CreateDeviceGroupBody,
  type CreateRoleBody,
  type CreateUserBody,
  type CreateUserGroupBody,
  DeviceGroup,
  DeviceGroupList,
  DeviceGroupPreview,
  type DeviceGroupRules,
  Me,
  NamedScanPolicy,
  PasswordLink,
  Role,
  ScanPolicy,
  User,
  UserGroup,
} from '@fleetsweep/protocol'
import type { Static, TSchema } from 'typebox'
import type { HttpConnection } from './http-connection.ts'
import { readCursorList } from './pages.ts'

type Signalled = { signal?: AbortSignal }

/** Who may do what: people, user groups, roles and device groups. Every method throws `ClientError`. */
export class AccessClient {
  readonly #connection: HttpConnection

  /** @internal */
  constructor(connection: HttpConnection) {
    this.#connection = connection
  }

  /** Whoever this client calls as, and what they may do where. */
  getMe(options: Signalled = {}): Promise<Me> {
    return this.#call('GET', '/fleet/v1/me', Me, options)
  }

  /** Newest first. */
  listUsers({ signal }: Signalled = {}): AsyncGenerator<User, void, undefined> {
    return readCursorList(this.#connection, USERS, User, {}, signal)
  }

  /** @param idOrName object id or user principal name */
  getUser(idOrName: string, options: Signalled = {}): Promise<User> {
    return this.#call('GET', at(USERS, idOrName), User, options)
  }

  createUser(body: CreateUserBody, options: Signalled = {}): Promise<User> {
    return this.#call('POST', USERS, User, options, body)
  }

  changeUser(idOrName: string, body: ChangeUserBody, options: Signalled = {}): Promise<User> {
    return this.#call('PATCH', at(USERS, idOrName), User, options, body)
  }

  deleteUser(idOrName: string, options: Signalled = {}): Promise<void> {
    return this.#do('DELETE', at(USERS, idOrName), options)
  }

  /** Makes a one-time link on which somebody chooses a password; the only answer that shows it. */
  createPasswordLink(idOrName: string, options: Signalled = {}): Promise<PasswordLink> {
    return this.#call('POST', `${at(USERS, idOrName)}/passwordLink`, PasswordLink, options)
  }

  /** Ends all sign-ins of somebody; they may sign in again. */
  signOutUser(idOrName: string, options: Signalled = {}): Promise<void> {
    return this.#do('POST', `${at(USERS, idOrName)}/signOut`, options)
  }

  /** Newest first. */
  listUserGroups({ signal }: Signalled = {}): AsyncGenerator<UserGroup, void, undefined> {
    return readCursorList(this.#connection, USER_GROUPS, UserGroup, {}, signal)
  }

  createUserGroup(body: CreateUserGroupBody, options: Signalled = {}): Promise<UserGroup> {
    return this.#call('POST', USER_GROUPS, UserGroup, options, body)
  }

  changeUserGroup(id: string, body: ChangeUserGroupBody, options: Signalled = {}): Promise<UserGroup> {
    return this.#call('PATCH', at(USER_GROUPS, id), UserGroup, options, body)
  }

  deleteUserGroup(id: string, options: Signalled = {}): Promise<void> {
    return this.#do('DELETE', at(USER_GROUPS, id), options)
  }

  listMembers(id: string, { signal }: Signalled = {}): AsyncGenerator<User, void, undefined> {
    return readCursorList(this.#connection, `${at(USER_GROUPS, id)}/members`, User, {}, signal)
  }

  addMember(id: string, userId: string, options: Signalled = {}): Promise<void> {
    return this.#do('PUT', at(`${at(USER_GROUPS, id)}/members`, userId), options)
  }

  removeMember(id: string, userId: string, options: Signalled = {}): Promise<void> {
    return this.#do('DELETE', at(`${at(USER_GROUPS, id)}/members`, userId), options)
  }

  /** Newest first. */
  listRoles({ signal }: Signalled = {}): AsyncGenerator<Role, void, undefined> {
    return readCursorList(this.#connection, ROLES, Role, {}, signal)
  }

  createRole(body: CreateRoleBody, options: Signalled = {}): Promise<Role> {
    return this.#call('POST', ROLES, Role, options, body)
  }

  changeRole(id: string, body: ChangeRoleBody, options: Signalled = {}): Promise<Role> {
    return this.#call('PATCH', at(ROLES, id), Role, options, body)
  }

  deleteRole(id: string, options: Signalled = {}): Promise<void> {
    return this.#do('DELETE', at(ROLES, id), options)
  }

  /** The highest rank first, the ungrouped devices last. */
  listDeviceGroups({ signal }: Signalled = {}): AsyncGenerator<DeviceGroup, void, undefined> {
    return readCursorList(this.#connection, DEVICE_GROUPS, DeviceGroup, {}, signal)
  }

  createDeviceGroup(body: CreateDeviceGroupBody, options: Signalled = {}): Promise<DeviceGroup> {
    return this.#call('POST', DEVICE_GROUPS, DeviceGroup, options, body)
  }

  changeDeviceGroup(id: number, body: ChangeDeviceGroupBody, options: Signalled = {}): Promise<DeviceGroup> {
    return this.#call('PATCH', at(DEVICE_GROUPS, String(id)), DeviceGroup, options, body)
  }

  deleteDeviceGroup(id: number, options: Signalled = {}): Promise<void> {
    return this.#do('DELETE', at(DEVICE_GROUPS, String(id)), options)
  }

  /** How scans of its machines are made. @param id 0 for the ungrouped devices */
  getScanPolicy(id: number, options: Signalled = {}): Promise<ScanPolicy> {
    return this.#call('GET', `${at(DEVICE_GROUPS, String(id))}/scanPolicy`, ScanPolicy, options)
  }

  /** What is absent stays. @param id as of `getScanPolicy` */
  changeScanPolicy(id: number, body: ChangeScanPolicyBody, options: Signalled = {}): Promise<ScanPolicy> {
    return this.#call('PATCH', `${at(DEVICE_GROUPS, String(id))}/scanPolicy`, ScanPolicy, options, body)
  }

  /** Puts the default scan policy of a device group back. @param id as of `getScanPolicy` */
  removeScanPolicy(id: number, options: Signalled = {}): Promise<void> {
    return this.#do('DELETE', `${at(DEVICE_GROUPS, String(id))}/scanPolicy`, options)
  }

  /** Of the device groups within reach, the highest rank first, the ungrouped devices last. */
  listScanPolicies({ signal }: Signalled = {}): AsyncGenerator<NamedScanPolicy, void, undefined> {
    return readCursorList(this.#connection, '/fleet/v1/scanPolicies', NamedScanPolicy, {}, signal)
  }

  /** Ranks every group but the ungrouped one, the first highest. */
  async orderDeviceGroups(ids: readonly number[], options: Signalled = {}): Promise<DeviceGroup[]> {
    const list = await this.#call('PUT', `${DEVICE_GROUPS}/order`, DeviceGroupList, options, { ids })
    return list.items
  }

  /** The machines that rules match, before a group has them. */
  previewDeviceGroup(rules: DeviceGroupRules, options: Signalled = {}): Promise<DeviceGroupPreview> {
    return this.#call('POST', `${DEVICE_GROUPS}/preview`, DeviceGroupPreview, options, { rules })
  }

  #call<S extends TSchema>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH',
    path: string,
    schema: S,
    { signal }: Signalled,
    body?: unknown,
  ): Promise<Static<S>> {
    return this.#connection.call({ method, path, body, signal }, schema)
  }

  #do(method: 'POST' | 'PUT' | 'DELETE', path: string, { signal }: Signalled): Promise<void> {
    return this.#connection.do({ method, path, signal })
  }
}

const USERS = '/fleet/v1/users'
const USER_GROUPS = '/fleet/v1/userGroups'
const ROLES = '/fleet/v1/roles'
const DEVICE_GROUPS = '/fleet/v1/deviceGroups'

function at(collection: string, id: string): string {
  return `${collection}/${encodeURIComponent(id)}`
}
