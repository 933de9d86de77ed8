import { randomUUID } from 'node:crypto'
import { formatInstant, instantFromMs } from '@fleetsweep/protocol'
import { clientCertificate } from '../client-certificate.ts'
import type { AccessWorld } from './access-world.ts'

/** A request that succeeds for whoever may make it. What it changes is made for it, so that it succeeds again. */
export type Example = {
  path: string
  body?: object
  status: number
}

type MakeExample = (world: AccessWorld) => Example | Promise<Example>

const RULES = { tag: [{ operator: 'equals', value: 'lab' }] }
/** Nobody is there. */
const WEBHOOK = { url: 'https://hooks.invalid/', events: ['detection.found'] }
const name = () => ({ displayName: randomUUID() })
const upn = () => `${randomUUID()}@contoso.example`
const idOf = async (made: Promise<{ id: string | number }>) => String((await made).id)

const newApplication = (world: AccessWorld) =>
  idOf(world.create('applications', { ...name(), permissions: ['Machine.Scan'] }))
const newUser = (world: AccessWorld) => idOf(world.create('users', { ...name(), userPrincipalName: upn() }))
const newUserGroup = (world: AccessWorld) => idOf(world.create('userGroups', name()))
const newWebhook = async (world: AccessWorld) => {
  await removeWebhooks(world)
  return idOf(world.create('webhooks', WEBHOOK))
}
const newDelivery = async (world: AccessWorld) => {
  const webhook = await newWebhook(world)
  return `/fleet/v1/webhooks/${webhook}/deliveries/${await idOf(world.create(`webhooks/${webhook}/test`, {}))}`
}
const newRole = (world: AccessWorld) => idOf(world.create('roles', { ...name(), permissions: [] }))

/** One for every route that is not for anybody; a route without one fails the test of the matrix. */
export const EXAMPLES: Readonly<Record<string, MakeExample>> = {
  'GET /api/machines/:machineId': ({ machine }) => ({ path: `/api/machines/${machine}`, status: 200 }),
  'GET /api/machines': () => ({ path: '/api/machines', status: 200 }),
  'GET /fleet/v1/engines': ({ machine }) => ({
    path: `/fleet/v1/engines?machineIds=${machine}`,
    status: 200,
  }),
  'GET /api/machines/$count': () => ({ path: '/api/machines/$count', status: 200 }),
  'GET /api/deviceavinfo': () => ({ path: '/api/deviceavinfo', status: 200 }),
  'GET /api/deviceavinfo/$count': () => ({ path: '/api/deviceavinfo/$count', status: 200 }),
  'GET /api/public/avdeviceshealth': () => ({ path: '/api/public/avdeviceshealth', status: 200 }),
  'GET /api/public/avdeviceshealth/$count': () => ({
    path: '/api/public/avdeviceshealth/$count',
    status: 200,
  }),
  'GET /api/machines/findbyip(:arguments)': ({ api }) => ({
    path: `/api/machines/findbyip(ip='192.0.2.7',timestamp=${formatInstant(api.clock.now())})`,
    status: 200,
  }),
  'GET /api/machines/findbytag': () => ({ path: '/api/machines/findbytag?tag=lab', status: 200 }),
  'POST /api/machines/:machineId/tags': ({ machine }) => ({
    path: `/api/machines/${machine}/tags`,
    body: { Value: 'lab', Action: 'Add' },
    status: 200,
  }),
  'POST /api/machines/AddOrRemoveTagForMultipleMachines': ({ machine }) => ({
    path: '/api/machines/AddOrRemoveTagForMultipleMachines',
    body: { Value: 'lab', Action: 'Add', MachineIds: [machine] },
    status: 200,
  }),
  'POST /api/machines/:machineId/setDeviceValue': ({ machine }) => ({
    path: `/api/machines/${machine}/setDeviceValue`,
    body: { DeviceValue: 'High' },
    status: 200,
  }),
  'PATCH /api/machines/:machineId': ({ machine }) => ({
    path: `/api/machines/${machine}`,
    body: { machineTags: ['lab'] },
    status: 200,
  }),
  'POST /api/machines/:machineId/runAntiVirusScan': ({ machine }) => ({
    path: `/api/machines/${machine}/runAntiVirusScan`,
    body: { Comment: 'The same again', ScanType: 'Quick' },
    status: 201,
  }),
  'GET /api/machineactions/:actionId': ({ action }) => ({
    path: `/api/machineactions/${action}`,
    status: 200,
  }),
  'GET /api/machineactions': () => ({ path: '/api/machineactions', status: 200 }),
  'GET /api/machineactions/$count': () => ({ path: '/api/machineactions/$count', status: 200 }),
  'POST /api/machineactions/:actionId/cancel': ({ action }) => ({
    path: `/api/machineactions/${action}/cancel`,
    body: { Comment: 'Not needed' },
    status: 200,
  }),
  'GET /fleet/v1/machineActions/:actionId': ({ action }) => ({
    path: `/fleet/v1/machineActions/${action}`,
    status: 200,
  }),
  'GET /api/alerts/:alertId': ({ alert }) => ({ path: `/api/alerts/${alert}`, status: 200 }),
  'GET /api/alerts': () => ({ path: '/api/alerts', status: 200 }),
  'GET /api/alerts/$count': () => ({ path: '/api/alerts/$count', status: 200 }),
  'PATCH /api/alerts/:alertId': ({ alert }) => ({
    path: `/api/alerts/${alert}`,
    body: { status: 'InProgress' },
    status: 200,
  }),
  'GET /api/alerts/:alertId/machine': ({ alert }) => ({ path: `/api/alerts/${alert}/machine`, status: 200 }),
  'GET /api/machines/:machineId/alerts': ({ machine }) => ({
    path: `/api/machines/${machine}/alerts`,
    status: 200,
  }),
  'GET /api/machines/:machineId/alerts/$count': ({ machine }) => ({
    path: `/api/machines/${machine}/alerts/$count`,
    status: 200,
  }),
  'POST /fleet/v1/machines/:machineId/scans': ({ machine }) => ({
    path: `/fleet/v1/machines/${machine}/scans`,
    body: { comment: 'The same again', scanType: 'Quick' },
    status: 201,
  }),
  'GET /fleet/v1/scans/:actionId': ({ action }) => ({ path: `/fleet/v1/scans/${action}`, status: 200 }),
  'GET /fleet/v1/scans/:actionId/not-scanned': ({ scanned }) => ({
    path: `/fleet/v1/scans/${scanned}/not-scanned`,
    status: 200,
  }),
  'GET /fleet/v1/detections': () => ({ path: '/fleet/v1/detections', status: 200 }),
  'POST /fleet/v1/detections/:detectionId/quarantine': ({ detection }) => ({
    path: `/fleet/v1/detections/${detection}/quarantine`,
    body: { comment: 'The same again' },
    status: 201,
  }),
  'GET /fleet/v1/quarantine': () => ({ path: '/fleet/v1/quarantine', status: 200 }),
  'GET /fleet/v1/quarantine/:quarantineId': ({ quarantined }) => ({
    path: `/fleet/v1/quarantine/${quarantined}`,
    status: 200,
  }),
  'POST /fleet/v1/quarantine/:quarantineId/restore': ({ quarantined }) => ({
    path: `/fleet/v1/quarantine/${quarantined}/restore`,
    body: { comment: 'The same again' },
    status: 201,
  }),
  'POST /fleet/v1/machines/:machineId/updateSignatures': ({ machine }) => ({
    path: `/fleet/v1/machines/${machine}/updateSignatures`,
    body: { comment: 'The same again' },
    status: 201,
  }),
  'GET /fleet/v1/machine-tasks/:taskId': ({ task }) => ({
    path: `/fleet/v1/machine-tasks/${task}`,
    status: 200,
  }),
  'GET /fleet/v1/machines/:machineId/tasks': ({ machine }) => ({
    path: `/fleet/v1/machines/${machine}/tasks`,
    status: 200,
  }),
  'GET /fleet/v1/events': () => ({ path: '/fleet/v1/events', status: 200 }),
  'GET /fleet/v1/me': () => ({ path: '/fleet/v1/me', status: 200 }),

  'POST /fleet/v1/enrollmentTokens': () => ({ path: '/fleet/v1/enrollmentTokens', body: {}, status: 201 }),
  'GET /fleet/v1/enrollmentTokens': () => ({ path: '/fleet/v1/enrollmentTokens', status: 200 }),
  'DELETE /fleet/v1/enrollmentTokens/:tokenId': async (world) => ({
    path: `/fleet/v1/enrollmentTokens/${await idOf(world.create('enrollmentTokens', {}))}`,
    status: 204,
  }),

  'GET /fleet/v1/applications': () => ({ path: '/fleet/v1/applications', status: 200 }),
  'POST /fleet/v1/applications': () => ({
    path: '/fleet/v1/applications',
    body: { ...name(), permissions: ['Machine.Scan'] },
    status: 201,
  }),
  'GET /fleet/v1/applications/:applicationId': async (world) => ({
    path: `/fleet/v1/applications/${await newApplication(world)}`,
    status: 200,
  }),
  'PATCH /fleet/v1/applications/:applicationId': async (world) => ({
    path: `/fleet/v1/applications/${await newApplication(world)}`,
    body: name(),
    status: 200,
  }),
  'DELETE /fleet/v1/applications/:applicationId': async (world) => ({
    path: `/fleet/v1/applications/${await newApplication(world)}`,
    status: 204,
  }),
  'PUT /fleet/v1/applications/:applicationId/limits': async (world) => ({
    path: `/fleet/v1/applications/${await newApplication(world)}/limits`,
    body: { perMinute: 5, perHour: null },
    status: 200,
  }),
  'GET /fleet/v1/applications/:applicationId/signIn': async (world) => ({
    path: `/fleet/v1/applications/${await newApplication(world)}/signIn`,
    status: 200,
  }),
  'PUT /fleet/v1/applications/:applicationId/signIn': async (world) => ({
    path: `/fleet/v1/applications/${await newApplication(world)}/signIn`,
    body: { isPublicClient: true, redirectUris: [], delegatedScopes: ['Machine.Read'] },
    status: 200,
  }),
  'POST /fleet/v1/applications/:applicationId/secrets': async (world) => ({
    path: `/fleet/v1/applications/${await newApplication(world)}/secrets`,
    body: {},
    status: 201,
  }),
  'DELETE /fleet/v1/applications/:applicationId/secrets/:credentialId': async (world) => {
    const application = await newApplication(world)
    const secret = await idOf(world.create(`applications/${application}/secrets`, {}))
    return { path: `/fleet/v1/applications/${application}/secrets/${secret}`, status: 204 }
  },
  'POST /fleet/v1/applications/:applicationId/certificates': async (world) => ({
    path: `/fleet/v1/applications/${await newApplication(world)}/certificates`,
    body: { certificate: await newCertificate(world) },
    status: 201,
  }),
  'DELETE /fleet/v1/applications/:applicationId/certificates/:credentialId': async (world) => {
    const application = await newApplication(world)
    const body = { certificate: await newCertificate(world) }
    const certificate = await idOf(world.create(`applications/${application}/certificates`, body))
    return { path: `/fleet/v1/applications/${application}/certificates/${certificate}`, status: 204 }
  },

  'GET /fleet/v1/users': () => ({ path: '/fleet/v1/users', status: 200 }),
  'POST /fleet/v1/users': () => ({
    path: '/fleet/v1/users',
    body: { ...name(), userPrincipalName: upn() },
    status: 201,
  }),
  'GET /fleet/v1/users/:userId': async (world) => ({
    path: `/fleet/v1/users/${await newUser(world)}`,
    status: 200,
  }),
  'POST /fleet/v1/users/:userId/passwordLink': async (world) => ({
    path: `/fleet/v1/users/${await newUser(world)}/passwordLink`,
    status: 201,
  }),
  'POST /fleet/v1/users/:userId/signOut': async (world) => ({
    path: `/fleet/v1/users/${await newUser(world)}/signOut`,
    status: 204,
  }),
  'PATCH /fleet/v1/users/:userId': async (world) => ({
    path: `/fleet/v1/users/${await newUser(world)}`,
    body: { disabled: true },
    status: 200,
  }),
  'DELETE /fleet/v1/users/:userId': async (world) => ({
    path: `/fleet/v1/users/${await newUser(world)}`,
    status: 204,
  }),

  'GET /fleet/v1/userGroups': () => ({ path: '/fleet/v1/userGroups', status: 200 }),
  'POST /fleet/v1/userGroups': () => ({ path: '/fleet/v1/userGroups', body: name(), status: 201 }),
  'GET /fleet/v1/userGroups/:userGroupId': async (world) => ({
    path: `/fleet/v1/userGroups/${await newUserGroup(world)}`,
    status: 200,
  }),
  'PATCH /fleet/v1/userGroups/:userGroupId': async (world) => ({
    path: `/fleet/v1/userGroups/${await newUserGroup(world)}`,
    body: name(),
    status: 200,
  }),
  'DELETE /fleet/v1/userGroups/:userGroupId': async (world) => ({
    path: `/fleet/v1/userGroups/${await newUserGroup(world)}`,
    status: 204,
  }),
  'GET /fleet/v1/userGroups/:userGroupId/members': async (world) => ({
    path: `/fleet/v1/userGroups/${await newUserGroup(world)}/members`,
    status: 200,
  }),
  'PUT /fleet/v1/userGroups/:userGroupId/members/:userId': async (world) => ({
    path: `/fleet/v1/userGroups/${await newUserGroup(world)}/members/${await newUser(world)}`,
    status: 204,
  }),
  'DELETE /fleet/v1/userGroups/:userGroupId/members/:userId': async (world) => {
    const group = await newUserGroup(world)
    const body = { ...name(), userPrincipalName: upn(), userGroupIds: [group] }
    const user = await idOf(world.create('users', body))
    return { path: `/fleet/v1/userGroups/${group}/members/${user}`, status: 204 }
  },

  'GET /fleet/v1/roles': () => ({ path: '/fleet/v1/roles', status: 200 }),
  'POST /fleet/v1/roles': () => ({
    path: '/fleet/v1/roles',
    body: { ...name(), permissions: ['ViewData'] },
    status: 201,
  }),
  'GET /fleet/v1/roles/:roleId': async (world) => ({
    path: `/fleet/v1/roles/${await newRole(world)}`,
    status: 200,
  }),
  'PATCH /fleet/v1/roles/:roleId': async (world) => ({
    path: `/fleet/v1/roles/${await newRole(world)}`,
    body: { permissions: ['ViewData'] },
    status: 200,
  }),
  'DELETE /fleet/v1/roles/:roleId': async (world) => ({
    path: `/fleet/v1/roles/${await newRole(world)}`,
    status: 204,
  }),

  'GET /fleet/v1/deviceGroups': () => ({ path: '/fleet/v1/deviceGroups', status: 200 }),
  'POST /fleet/v1/deviceGroups': () => ({
    path: '/fleet/v1/deviceGroups',
    body: { ...name(), rules: RULES },
    status: 201,
  }),
  'GET /fleet/v1/deviceGroups/:deviceGroupId': async (world) => ({
    path: `/fleet/v1/deviceGroups/${await world.deviceGroup()}`,
    status: 200,
  }),
  'PATCH /fleet/v1/deviceGroups/:deviceGroupId': async (world) => ({
    path: `/fleet/v1/deviceGroups/${await world.deviceGroup()}`,
    body: name(),
    status: 200,
  }),
  'DELETE /fleet/v1/deviceGroups/:deviceGroupId': async (world) => ({
    path: `/fleet/v1/deviceGroups/${await world.deviceGroup()}`,
    status: 204,
  }),
  'PUT /fleet/v1/deviceGroups/order': async (world) => {
    const answer = await world.call(
      'GET /fleet/v1/deviceGroups',
      await world.applicationToken(['Fleet.Admin']),
    )
    const { items } = answer.json<{ items: { id: number; rank: number | null }[] }>()
    const ids = items.filter(({ rank }) => rank !== null).map(({ id }) => id)
    return { path: '/fleet/v1/deviceGroups/order', body: { ids }, status: 200 }
  },
  'GET /fleet/v1/deviceGroups/:deviceGroupId/scanPolicy': async (world) => ({
    path: `/fleet/v1/deviceGroups/${await world.deviceGroup()}/scanPolicy`,
    status: 200,
  }),
  'PATCH /fleet/v1/deviceGroups/:deviceGroupId/scanPolicy': async (world) => ({
    path: `/fleet/v1/deviceGroups/${await world.deviceGroup()}/scanPolicy`,
    body: { cpuCeilingPercent: 25 },
    status: 200,
  }),
  'DELETE /fleet/v1/deviceGroups/:deviceGroupId/scanPolicy': async (world) => ({
    path: `/fleet/v1/deviceGroups/${await world.deviceGroup()}/scanPolicy`,
    status: 204,
  }),
  'GET /fleet/v1/scanPolicies': () => ({ path: '/fleet/v1/scanPolicies', status: 200 }),
  'POST /fleet/v1/deviceGroups/preview': () => ({
    path: '/fleet/v1/deviceGroups/preview',
    body: { rules: RULES },
    status: 200,
  }),

  'GET /fleet/v1/webhooks': () => ({ path: '/fleet/v1/webhooks', status: 200 }),
  'POST /fleet/v1/webhooks': async (world) => {
    await removeWebhooks(world)
    return { path: '/fleet/v1/webhooks', body: WEBHOOK, status: 201 }
  },
  'GET /fleet/v1/webhooks/:webhookId': async (world) => ({
    path: `/fleet/v1/webhooks/${await newWebhook(world)}`,
    status: 200,
  }),
  'PATCH /fleet/v1/webhooks/:webhookId': async (world) => ({
    path: `/fleet/v1/webhooks/${await newWebhook(world)}`,
    body: { enabled: false },
    status: 200,
  }),
  'DELETE /fleet/v1/webhooks/:webhookId': async (world) => ({
    path: `/fleet/v1/webhooks/${await newWebhook(world)}`,
    status: 204,
  }),
  'POST /fleet/v1/webhooks/:webhookId/secret': async (world) => ({
    path: `/fleet/v1/webhooks/${await newWebhook(world)}/secret`,
    body: {},
    status: 201,
  }),
  'POST /fleet/v1/webhooks/:webhookId/test': async (world) => ({
    path: `/fleet/v1/webhooks/${await newWebhook(world)}/test`,
    status: 201,
  }),
  'GET /fleet/v1/webhooks/:webhookId/deliveries': async (world) => ({
    path: `/fleet/v1/webhooks/${await newWebhook(world)}/deliveries`,
    status: 200,
  }),
  'GET /fleet/v1/webhooks/:webhookId/deliveries/:deliveryId': async (world) => ({
    path: await newDelivery(world),
    status: 200,
  }),
  'POST /fleet/v1/webhooks/:webhookId/deliveries/:deliveryId/redeliver': async (world) => ({
    path: `${await newDelivery(world)}/redeliver`,
    status: 201,
  }),

  'GET /fleet/v1/audit': () => ({ path: '/fleet/v1/audit', status: 200 }),
  'GET /fleet/v1/audit/verification': () => ({ path: '/fleet/v1/audit/verification', status: 200 }),
}

/** A tenant has few of them: those of the examples before make room. */
async function removeWebhooks(world: AccessWorld): Promise<void> {
  const token = await world.applicationToken(['Fleet.Admin'])
  const { items } = (await world.call('GET /fleet/v1/webhooks', token)).json<{ items: { id: string }[] }>()
  for (const { id } of items) await world.call(`DELETE /fleet/v1/webhooks/${id}`, token)
}

async function newCertificate(world: AccessWorld): Promise<string> {
  const { pem } = await clientCertificate(instantFromMs(world.api.clock.now() / 1_000))
  return pem
}
