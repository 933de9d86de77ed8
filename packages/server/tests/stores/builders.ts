import type {
  AgentEvent,
  Detection,
  DeviceGroupRules,
  Inventory,
  MachineActionId,
  MachineId,
  RoleId,
  RuleOperator,
  RuleProperty,
  UserGroupId,
  UserId,
} from '@fleetsweep/protocol'
import { buildEngine, buildReport } from '@fleetsweep/testkit'
import type { AuditEntry } from '../../src/audit/index.ts'
import type { NewDeviceGroup } from '../../src/device-group/device-group.ts'
import type { Enrollment, NewEnrollmentToken } from '../../src/enrollment/enrollment-store.ts'
import type { Cancellation, NewScan } from '../../src/machine-action/machine-action-store.ts'
import type { IncomingTaskEvent, NewTask } from '../../src/machine-task/index.ts'
import type { NewRole } from '../../src/role/role.ts'
import type { IncomingEvent } from '../../src/scan/index.ts'
import type { NewUser } from '../../src/user/index.ts'
import type { NewUserGroup } from '../../src/user-group/user-group.ts'
import type { NewWebhook } from '../../src/webhook/webhook-store.ts'

// Ids are small numbers written as ids, so that two tenants and two databases can hold the same.

export const TIME_OUT_MS = 72 * 3_600_000

export function guid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
}

export function actionId(n: number): MachineActionId {
  return guid(n) as MachineActionId
}

export function machineId(n: number): MachineId {
  return n.toString(16).padStart(40, '0') as MachineId
}

let audits = 0

/** An audit entry with an id of its own. */
export function auditEntry(given: Partial<AuditEntry> = {}): AuditEntry {
  audits += 1
  return {
    id: `audit-${audits}`,
    principal: { kind: 'application', id: guid(9), name: 'Playbooks' },
    operation: 'machineAction.create',
    target: '',
    detail: {},
    ...given,
  }
}

/** Scan `id` of machine `machine`. */
export function newScan(id: number, machine: number, given: Partial<NewScan> = {}): NewScan {
  return {
    id: actionId(id),
    machineId: machineId(machine),
    scanType: 'Quick',
    requestor: 'Playbooks',
    comment: 'Check machine',
    externalId: null,
    requestSource: 'PublicApi',
    paths: null,
    rescan: false,
    idempotency: null,
    timeOutMs: TIME_OUT_MS,
    audit: auditEntry({ target: actionId(id) }),
    ...given,
  }
}

export function cancellation(id: number): Cancellation {
  return {
    id: actionId(id),
    requestor: 'Playbooks',
    comment: 'Not needed',
    audit: auditEntry({ operation: 'machineAction.cancel', target: actionId(id) }),
  }
}

/** Event `number` of scan `id`, told by machine `machine`. */
export function told(id: number, machine: number, number: number, event: AgentEvent): IncomingEvent {
  return {
    machineId: machineId(machine),
    actionId: actionId(id),
    number,
    event,
    reportUrl: `https://sweep.example/fleet/v1/scans/${actionId(id)}`,
    silenceMs: TIME_OUT_MS,
  }
}

export const accepted: AgentEvent = { kind: 'accepted' }
export const finished: AgentEvent = { kind: 'finished', report: buildReport() }

export function started(attempt = 1): AgentEvent {
  return { kind: 'started', attempt, engine: buildEngine() }
}

export function detected(path: string, attempt = 1, given: Partial<Detection> = {}): AgentEvent {
  const detection: Detection = {
    threatName: 'Eicar-Test-Signature',
    path: { text: path },
    innerPath: null,
    sha256: '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f',
    sizeBytes: 68,
    owner: 'root',
    modifiedAt: null,
    changedAt: null,
    disposition: 'reported',
    ...given,
  }
  return { kind: 'detection', attempt, detection }
}

/** Task `id` of machine `machine`: to bring its signatures up to date, unless it says otherwise. */
export function newTask(id: number, machine: number, given: Partial<NewTask> = {}): NewTask {
  return {
    id: actionId(id),
    machineId: machineId(machine),
    computerDnsName: `Lab-${machine}.example`,
    asked: { verb: 'updateSignatures' },
    requestor: 'Playbooks',
    comment: 'Before the scan',
    timeOutMs: TIME_OUT_MS,
    idempotency: null,
    audit: auditEntry({ operation: 'machineTask.create', target: actionId(id) }),
    ...given,
  }
}

/** As `told`, of a task. */
export function toldOfTask(
  id: number,
  machine: number,
  number: number,
  event: AgentEvent,
): IncomingTaskEvent {
  return {
    machineId: machineId(machine),
    actionId: actionId(id),
    number,
    event,
    silenceMs: TIME_OUT_MS,
  }
}

export function done(quarantineId?: string): AgentEvent {
  return { kind: 'done', sentence: 'It is done.', ...(quarantineId === undefined ? {} : { quarantineId }) }
}

export function failed(reason = 'The file is another one by now.'): AgentEvent {
  return { kind: 'failed', reason, report: null }
}

/** What machine `n` says of itself; machines of one `os` share the operating system's identity. */
export function inventory(n: number, os = n): Inventory {
  return {
    computerDnsName: `Lab-${n}.example`,
    osKind: 'linux',
    osPlatform: 'Debian',
    osVersion: '12.11',
    version: 'Other',
    osBuild: null,
    osArchitecture: '64-bit',
    osProcessor: 'x64',
    agentVersion: '0.1.0',
    ipAddresses: [],
    engine: { name: 'ClamAV', version: '1.4.6', state: 'ready', signatures: null },
    bootId: 'boot-1',
    osIdentity: os.toString(16).padStart(64, '0'),
  }
}

export function newToken(id: number, given: Partial<NewEnrollmentToken> = {}): NewEnrollmentToken {
  return {
    id: guid(id),
    secretHash: `hash-${id}`,
    description: `Token ${id}`,
    createdBy: 'Playbooks',
    lifeMs: 3_600_000,
    maxUses: 1,
    tags: [],
    replaceMachine: null,
    audit: auditEntry({ operation: 'enrollmentToken.create', target: guid(id) }),
    ...given,
  }
}

/** Asks with token `token` and key `key` for an identity; a new machine would get id `machine`. */
export function enrollment(
  token: number,
  key: string,
  machine: number,
  given: Partial<Enrollment> = {},
): Enrollment {
  return {
    tokenId: guid(token),
    secretHash: `hash-${token}`,
    publicKey: key,
    newMachineId: machineId(machine),
    inventory: inventory(machine),
    externalIp: '198.51.100.7',
    auditId: auditEntry().id,
    ...given,
  }
}

export function userId(n: number): UserId {
  return guid(n) as UserId
}

export function userGroupId(n: number): UserGroupId {
  return guid(n) as UserGroupId
}

export function roleId(n: number): RoleId {
  return guid(n) as RoleId
}

/** Person `n`, in these user groups. */
export function newUser(n: number, groups: readonly number[] = []): NewUser {
  return {
    id: userId(n),
    userPrincipalName: `Person-${n}@contoso.example`,
    displayName: `Person ${n}`,
    groups: groups.map(userGroupId),
  }
}

export function newUserGroup(n: number, given: Partial<NewUserGroup> = {}): NewUserGroup {
  return { id: userGroupId(n), displayName: `Group ${n}`, description: '', externalId: null, ...given }
}

/** Role `n`, assigned to these user groups. */
export function newRole(n: number, groups: readonly number[] = [], given: Partial<NewRole> = {}): NewRole {
  return {
    id: roleId(n),
    displayName: `Role ${n}`,
    description: '',
    permissions: ['ViewData'],
    userGroups: groups.map(userGroupId),
    ...given,
  }
}

export function newDeviceGroup(
  displayName: string,
  rules: DeviceGroupRules,
  given: Partial<NewDeviceGroup> = {},
): NewDeviceGroup {
  return {
    displayName,
    description: '',
    rules,
    remediationLevel: 'NoAutomatedResponse',
    userGroups: [],
    ...given,
  }
}

/** Webhook `n`, which is told of everything. */
export function newWebhook(n: number, given: Partial<NewWebhook> = {}): NewWebhook {
  return {
    id: guid(n),
    url: `https://hooks.example/${n}`,
    description: '',
    events: ['machineAction.ended', 'detection.found'],
    sealedSecret: `sealed-${n}`,
    ...given,
  }
}

/** Rules with one condition. */
export function rule(property: RuleProperty, operator: RuleOperator, value: string): DeviceGroupRules {
  return { [property]: [{ operator, value }] }
}
