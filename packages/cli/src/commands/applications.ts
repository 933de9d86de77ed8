import { safeText } from '@fleetsweep/client'
import {
  type CallLimits,
  type CreateSecretBody,
  isPermission,
  MAX_SECRET_DAYS,
  PERMISSIONS,
  type Permission,
  USUAL_SECRET_DAYS,
} from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  type CommandValues,
  noArguments,
  onlyArgument,
  textOption,
  textsOption,
  UsageError,
  wholeOption,
} from '../command.ts'
import { collect } from '../list-output.ts'
import {
  describeLimits,
  describeSignIn,
  renderApplication,
  renderApplications,
} from '../render/application.ts'
import { formatMoment } from '../render/moment.ts'

const MAX_CALLS = 999_999_999

export const applications: Command = {
  name: 'applications',
  args: `list | show <id> | create <name> | change <id> | delete <id> | limits <id>
       fleetsweep applications secrets add <id> | secrets revoke <id> <secret id>
       fleetsweep applications sign-in <id>
       fleetsweep applications certificates add <id> <file> | certificates revoke <id> <certificate id>`,
  summary: 'Register programs, with their permissions, secrets, certificates and limits',
  options: {
    permission: {
      type: 'string',
      multiple: true,
      value: 'permission',
      help: `create, change: what it may do; repeatable. One of ${PERMISSIONS.join(', ')}`,
    },
    name: { type: 'string', value: 'text', help: 'change: its new name' },
    'no-secret': { type: 'boolean', help: 'create: no secret, for a program that has a certificate' },
    description: { type: 'string', value: 'text', help: 'create, add: what the credential is for' },
    expires: {
      type: 'string',
      value: 'days',
      help: `create, secrets add: such as 90d, at most ${MAX_SECRET_DAYS}d; ${USUAL_SECRET_DAYS}d when not given`,
    },
    never: { type: 'boolean', help: 'create, secrets add: a secret that does not expire' },
    'per-minute': { type: 'string', value: 'n', help: 'limits: calls a minute, instead of the usual limit' },
    'per-hour': { type: 'string', value: 'n', help: 'limits: calls an hour, instead of the usual limit' },
    usual: { type: 'boolean', help: 'limits: back to the usual ones' },
    public: {
      type: 'boolean',
      help: 'sign-in: a program that cannot keep a secret, on a computer or in a page',
    },
    redirect: {
      type: 'string',
      multiple: true,
      value: 'address',
      help: 'sign-in: where it may have people sent back to; repeatable, none for device codes',
    },
    scope: {
      type: 'string',
      multiple: true,
      value: 'scope',
      help: 'sign-in: what it may ask to do in their names, such as Machine.Read; repeatable',
    },
    nobody: { type: 'boolean', help: 'sign-in: nobody signs in with it any more' },
  },
  async run(context) {
    const [verb = '', ...args] = context.args
    const run = VERBS[verb]
    if (!run) throw new UsageError(`Say ${Object.keys(VERBS).join(', ')}.`)
    return run({ ...context, args })
  },
}

const VERBS: Readonly<Record<string, (context: CommandContext) => Promise<number>>> = {
  list,
  show,
  create,
  change,
  delete: remove,
  secrets: (context) => credentials(context, 'secrets', addSecret),
  certificates: (context) => credentials(context, 'certificates', addCertificate),
  limits: setLimits,
  'sign-in': signIn,
}

async function list({ io, client, args, json }: CommandContext): Promise<number> {
  noArguments(args)
  const all = await collect(client.applications.list({ signal: io.signal }))
  io.out(json ? `${JSON.stringify(all, null, 2)}\n` : renderApplications(all))
  return 0
}

async function show({ io, client, args, json }: CommandContext): Promise<number> {
  const application = await client.applications.get(onlyArgument(args, 'application id'), {
    signal: io.signal,
  })
  io.out(json ? `${JSON.stringify(application, null, 2)}\n` : renderApplication(application))
  return 0
}

async function create({ io, client, args, options, json }: CommandContext): Promise<number> {
  const displayName = onlyArgument(args, 'name')
  const permissions = readPermissions(options)
  if (permissions.length === 0) throw new UsageError('Give it at least one --permission.')
  const secret = options['no-secret'] === true ? {} : { secret: readSecretBody(options) }
  const created = await client.applications.create(
    { displayName, permissions, ...secret },
    { signal: io.signal },
  )
  if (json) io.out(`${JSON.stringify(created, null, 2)}\n`)
  else {
    io.err(`Application id ${created.id}\n`)
    if (created.secret) tellSecret(io, created.secret)
    else io.err('Give it a certificate: fleetsweep applications certificates add <id> <file>\n')
  }
  return 0
}

async function change({ io, client, args, options, json }: CommandContext): Promise<number> {
  const id = onlyArgument(args, 'application id')
  const displayName = textOption(options, 'name')
  const permissions = readPermissions(options)
  if (displayName === undefined && permissions.length === 0) {
    throw new UsageError('Say what to change: --name, or --permission with all that it may do from now on.')
  }
  const changed = await client.applications.change(
    id,
    { ...(displayName !== undefined && { displayName }), ...(permissions.length > 0 && { permissions }) },
    { signal: io.signal },
  )
  io.out(json ? `${JSON.stringify(changed, null, 2)}\n` : renderApplication(changed))
  return 0
}

async function remove({ io, client, args, json }: CommandContext): Promise<number> {
  const id = onlyArgument(args, 'application id')
  await client.applications.delete(id, { signal: io.signal })
  if (json) io.out(`${JSON.stringify({ id, deleted: true })}\n`)
  else io.err(`Deleted: ${safeText(id)} gets no more tokens, and those that it has are refused.\n`)
  return 0
}

async function credentials(
  context: CommandContext,
  kind: 'secrets' | 'certificates',
  add: (context: CommandContext) => Promise<number>,
): Promise<number> {
  const [verb, ...args] = context.args
  if (verb === 'add') return add({ ...context, args })
  if (verb !== 'revoke') throw new UsageError(`Say ${kind} add or ${kind} revoke.`)
  const { io, client, json } = context
  const [id, credential, ...more] = args
  if (id === undefined || credential === undefined) {
    throw new UsageError(`Say which application, and which of its ${kind}, by their ids.`)
  }
  noArguments(more)
  await client.applications.revokeCredential(id, kind, credential, { signal: io.signal })
  if (json) io.out(`${JSON.stringify({ id, credential, revoked: true })}\n`)
  else io.err(`Revoked: no token is given for ${safeText(credential)}, and those that were are refused.\n`)
  return 0
}

async function addSecret({ io, client, args, options, json }: CommandContext): Promise<number> {
  const id = onlyArgument(args, 'application id')
  const created = await client.applications.addSecret(id, readSecretBody(options), { signal: io.signal })
  if (json) io.out(`${JSON.stringify(created, null, 2)}\n`)
  else tellSecret(io, created)
  return 0
}

async function addCertificate({ io, client, args, options, json }: CommandContext): Promise<number> {
  const [id, path, ...more] = args
  if (id === undefined || path === undefined) {
    throw new UsageError('Say which application, and the file with its certificate (PEM).')
  }
  noArguments(more)
  const description = textOption(options, 'description')
  const body = { certificate: await readPem(io, path), ...(description !== undefined && { description }) }
  const added = await client.applications.addCertificate(id, body, { signal: io.signal })
  if (json) io.out(`${JSON.stringify(added, null, 2)}\n`)
  else {
    io.out(`${added.id}\n`)
    io.err(`Thumbprint ${added.thumbprint}, until ${formatMoment(added.notAfter)}\n`)
  }
  return 0
}

async function readPem(io: CommandContext['io'], path: string): Promise<string> {
  const text = await io.readFile(path).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`The certificate in "${path}" cannot be read: ${reason}`, { cause })
  })
  // It stays here: what was never sent cannot be overheard.
  if (!text.includes('PRIVATE KEY-----')) return text
  throw new UsageError(`"${path}" holds a private key. Give a file with the certificate alone.`)
}

/** Shows how people sign in with an application, or sets it where anything is said of that. */
async function signIn({ io, client, args, options, json }: CommandContext): Promise<number> {
  const id = onlyArgument(args, 'application id')
  const delegatedScopes = textsOption(options, 'scope')
  const redirectUris = textsOption(options, 'redirect')
  const isPublicClient = options.public === true
  const isNobody = options.nobody === true
  const isSaid = delegatedScopes.length > 0 || redirectUris.length > 0 || isPublicClient
  if (isNobody && isSaid) throw new UsageError('--nobody stands alone.')
  if (isSaid && delegatedScopes.length === 0) throw new UsageError('Give it at least one --scope.')
  const set = { isPublicClient, redirectUris, delegatedScopes }
  const signal = { signal: io.signal }
  const signIn =
    isSaid || isNobody
      ? await client.applications.setSignIn(id, set, signal)
      : await client.applications.getSignIn(id, signal)
  io.out(json ? `${JSON.stringify(signIn, null, 2)}\n` : describeSignIn(signIn))
  return 0
}

async function setLimits({ io, client, args, options, json }: CommandContext): Promise<number> {
  const id = onlyArgument(args, 'application id')
  const limits = await client.applications.setLimits(id, readLimits(options), { signal: io.signal })
  io.out(json ? `${JSON.stringify(limits)}\n` : `${describeLimits(limits)}\n`)
  return 0
}

function readPermissions(options: CommandValues): Permission[] {
  return textsOption(options, 'permission').map((text) => {
    if (isPermission(text)) return text
    throw new UsageError(`There is no permission "${text}". There are ${PERMISSIONS.join(', ')}.`)
  })
}

function readSecretBody(options: CommandValues): CreateSecretBody {
  const description = textOption(options, 'description')
  const expires = textOption(options, 'expires')
  const never = options.never === true
  if (never && expires !== undefined) throw new UsageError('--never and --expires exclude each other.')
  return {
    ...(description !== undefined && { description }),
    ...(never && { expiresInDays: null }),
    ...(expires !== undefined && { expiresInDays: readDays(expires) }),
  }
}

function readDays(text: string): number {
  const days = Number(/^(\d{1,3})d$/.exec(text)?.[1])
  if (days >= 1 && days <= MAX_SECRET_DAYS) return days
  throw new UsageError(`--expires is a time from 1d to ${MAX_SECRET_DAYS}d, such as 90d.`)
}

function readLimits(options: CommandValues): CallLimits {
  const range = { min: 1, max: MAX_CALLS }
  const perMinute = wholeOption(options, 'per-minute', range)
  const perHour = wholeOption(options, 'per-hour', range)
  if ((options.usual === true) === (perMinute !== undefined || perHour !== undefined)) {
    throw new UsageError('Give --per-minute, --per-hour or both; or --usual alone.')
  }
  return { perMinute: perMinute ?? null, perHour: perHour ?? null }
}

/** The secret alone on stdout, so that a script can take it; it is never shown again. */
function tellSecret(
  io: CommandContext['io'],
  { id, secret, expiresAt }: { id: string; secret: string; expiresAt: string | null },
): void {
  const until = expiresAt === null ? 'for ever' : `until ${formatMoment(expiresAt)}`
  io.err(`Secret ${id}, good ${until}. It is shown this once:\n`)
  io.out(`${safeText(secret)}\n`)
}
