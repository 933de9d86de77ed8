import { safeText } from '@fleetsweep/client'
import {
  describeVerification,
  type FleetAuditEntry,
  type NotedHead,
  parseInstant,
  readNotedHead,
} from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  type CommandValues,
  noArguments,
  textOption,
  UsageError,
  wholeOption,
} from '../command.ts'
import { formatMoment } from '../render/moment.ts'
import { renderTable } from '../render/table.ts'

const USUAL_LIMIT = 100

export const audit: Command = {
  name: 'audit',
  args: 'list | verify',
  summary: 'Show who changed what, and check that nobody changed that',
  options: {
    principal: { type: 'string', value: 'id', help: 'list: only of this application, user or machine' },
    operation: { type: 'string', value: 'name', help: 'list: only this, such as machineAction.create' },
    target: { type: 'string', value: 'id', help: 'list: only what concerns this' },
    from: { type: 'string', value: 'moment', help: 'list: not before, such as 2026-11-23T08:00Z' },
    to: { type: 'string', value: 'moment', help: 'list: before' },
    limit: { type: 'string', value: 'n', help: `list: at most so many; ${USUAL_LIMIT} when not given` },
    head: { type: 'string', value: 'position:hash', help: 'verify: a head that you wrote down earlier' },
  },
  async run(context) {
    const [verb, ...args] = context.args
    noArguments(args)
    if (verb === 'list') return listAudit(context)
    if (verb === 'verify') return verifyAudit(context)
    throw new UsageError('Say list or verify.')
  },
}

async function listAudit({ io, client, options, json }: CommandContext): Promise<number> {
  const limit = wholeOption(options, 'limit', { min: 1, max: 1_000_000 }) ?? USUAL_LIMIT
  const entries: FleetAuditEntry[] = []
  for await (const entry of client.listAudit(readFilter(options), { signal: io.signal })) {
    entries.push(entry)
    if (entries.length === limit) break
  }
  if (json) io.out(`${JSON.stringify(entries, null, 2)}\n`)
  else if (entries.length === 0) io.err('No such entries in the audit.\n')
  else io.out(renderEntries(entries))
  return 0
}

/** 1 when the chain is broken, so that a script notices. */
async function verifyAudit({ io, client, options, json }: CommandContext): Promise<number> {
  const verification = await client.verifyAudit(readHead(textOption(options, 'head')), { signal: io.signal })
  if (json) io.out(`${JSON.stringify(verification, null, 2)}\n`)
  else io.out(printable(describeVerification(verification)))
  return verification.isIntact ? 0 : 1
}

function readFilter(options: CommandValues) {
  const named = ['principal', 'operation', 'target', 'from', 'to'].flatMap((name) => {
    const text = textOption(options, name)
    if (text === undefined) return []
    if ((name === 'from' || name === 'to') && parseInstant(text) === undefined) {
      throw new UsageError(`--${name} takes a moment such as 2026-11-23T08:00Z, not "${text}".`)
    }
    return [[name, text] as const]
  })
  return Object.fromEntries(named)
}

function readHead(text: string | undefined): NotedHead | undefined {
  const head = text === undefined ? undefined : readNotedHead(text)
  if (text === undefined || head) return head
  throw new UsageError(`--head takes position:hash as verify prints it, not "${text}".`)
}

function renderEntries(entries: readonly FleetAuditEntry[]): string {
  return renderTable(
    [
      { title: 'Place', align: 'right' },
      { title: 'Moment' },
      { title: 'Principal' },
      { title: 'Operation' },
      { title: 'Target' },
      { title: 'Detail' },
    ],
    entries.map(({ position, at, principal, operation, target, detail }) => [
      position === null ? '–' : String(position),
      formatMoment(at),
      `${principal.name} (${principal.kind})`,
      operation,
      target,
      JSON.stringify(detail),
    ]),
  )
}

/** Line by line: the breaks are ours. */
function printable(text: string): string {
  return text.split('\n').map(safeText).join('\n')
}
