import { type ApplicationId, isGuid, isPermission, PERMISSIONS, type Permission } from '@fleetsweep/protocol'
import { type ApplicationService, applicationService, type CallLimits } from '../application/index.ts'
import { localOperator } from '../init/index.ts'
import { type LocalServer, withLocalServer } from './open-local.ts'
import { type ServerCommand, type ServerCommandCall, UsageError, wholeNumber } from './server-command.ts'

const MAX_CALLS = 1_000_000_000

export const applications: ServerCommand = {
  name: 'applications',
  summary: 'Register applications and set how much they may call',
  usage: `Usage: fleetsweep applications create <name> --permission <permission>… [options]
       fleetsweep applications limits <application id> --per-minute <n> --per-hour <n> [options]
       fleetsweep applications limits <application id> --usual [options]

  --permission <name>   what it may do; may stand more than once. One of
                        ${PERMISSIONS.join(', ')}
  --per-minute <n>      calls a minute, instead of the usual limit
  --per-hour <n>        calls an hour, instead of the usual limit
  --usual               back to the usual limits
  --tenant <id>         tenant, by id or domain, where there is more than one
  --data <folder>       data directory
  --json                print JSON for programs`,
  options: {
    permission: { type: 'string', multiple: true },
    'per-minute': { type: 'string' },
    'per-hour': { type: 'string' },
    usual: { type: 'boolean' },
    tenant: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean' },
  },
  async run(call) {
    const [verb, subject, ...more] = call.args
    if (subject === undefined || more.length > 0 || (verb !== 'create' && verb !== 'limits')) {
      throw new UsageError('Say what to do with which application.')
    }
    return verb === 'create' ? create(call, subject) : setLimits(call, subject)
  },
}

async function create(call: ServerCommandCall, displayName: string): Promise<number> {
  const permissions = call.texts('permission').map(readPermission)
  if (permissions.length === 0) throw new UsageError('Give it at least one --permission.')
  return withLocalServer(call, async (local) => {
    const application = { displayName, permissions: [...new Set(permissions)] }
    const made = await serviceOf(local).create(local.tenant.id, localOperator(), application)
    call.io.out(
      call.flag('json')
        ? `${JSON.stringify({ tenant: local.tenant.id, ...application, ...made })}\n`
        : `Application id   ${made.id}\nSecret           ${made.secret}\nThe secret is shown this once.\n`,
    )
    return 0
  })
}

function readPermission(text: string): Permission {
  if (isPermission(text)) return text
  throw new UsageError(`There is no permission "${text}". There are ${PERMISSIONS.join(', ')}.`)
}

async function setLimits(call: ServerCommandCall, id: string): Promise<number> {
  if (!isGuid(id)) throw new UsageError(`"${id}" is not an application id.`)
  const limits = readLimits(call)
  return withLocalServer(call, async (local) => {
    const set = await serviceOf(local).setLimits(
      local.tenant.id,
      localOperator(),
      id.toLowerCase() as ApplicationId,
      limits,
    )
    if (!set) {
      call.io.err(`There is no application ${id} in the tenant ${local.tenant.domain}.\n`)
      return 1
    }
    call.io.out(call.flag('json') ? `${JSON.stringify(set)}\n` : `Limits of ${id}: ${words(set)}.\n`)
    return 0
  })
}

function readLimits(call: ServerCommandCall): CallLimits {
  const perMinute = call.text('per-minute')
  const perHour = call.text('per-hour')
  if (call.flag('usual') === (perMinute !== undefined || perHour !== undefined)) {
    throw new UsageError('Give --per-minute, --per-hour or both; or --usual alone.')
  }
  const range = { min: 1, max: MAX_CALLS }
  return {
    perMinute: perMinute === undefined ? null : wholeNumber(perMinute, '--per-minute', range),
    perHour: perHour === undefined ? null : wholeNumber(perHour, '--per-hour', range),
  }
}

function words({ perMinute, perHour }: CallLimits): string {
  return `${perMinute ?? 'as usual'} a minute, ${perHour ?? 'as usual'} an hour`
}

function serviceOf({ stores, newId, randomBytes }: LocalServer): ApplicationService {
  return applicationService({
    applicationsOf: (tenant) => stores.forTenant(tenant).applications,
    newId,
    randomBytes,
  })
}
