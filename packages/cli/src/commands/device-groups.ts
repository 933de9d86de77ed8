import { describeWindows, ON_DETECTION_WORDS, safeText } from '@fleetsweep/client'
import {
  type ChangeDeviceGroupBody,
  type DeviceGroup,
  type DeviceGroupPreview,
  REMEDIATION_LEVELS,
  type RemediationLevel,
  type ScanPolicy,
} from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  type CommandOptions,
  noArguments,
  onlyArgument,
  textOption,
  textsOption,
  UsageError,
} from '../command.ts'
import { readRules, rulesInWords } from '../device-group-rules.ts'
import { collect } from '../list-output.ts'
import { userGroupIdsOf, userGroupNames } from '../named-user-groups.ts'
import { formatMoment } from '../render/moment.ts'
import { renderTable } from '../render/table.ts'
import { readPolicyOptions, SCAN_POLICY_OPTIONS } from '../scan-policy-options.ts'
import { done, pick, refuseEmptyChange, runVerb, show } from '../verbs.ts'

const KIND = { what: 'device group', command: 'device-groups' }

const CHANGE_OPTIONS: CommandOptions = {
  rule: {
    type: 'string',
    multiple: true,
    value: 'condition',
    help: 'create, change, preview: such as "tag equals lab" or "name startsWith srv-"; repeatable',
  },
  'user-group': {
    type: 'string',
    multiple: true,
    value: 'group',
    help: 'create, change: all user groups that reach it; repeatable',
  },
  open: { type: 'boolean', help: 'change: everybody who has a role reaches it' },
  remediation: { type: 'string', value: 'level', help: `create, change: ${REMEDIATION_LEVELS.join(', ')}` },
  name: { type: 'string', value: 'text', help: 'change: its name' },
  description: { type: 'string', value: 'text', help: 'create, change: what it is for' },
}

export const deviceGroups: Command = {
  name: 'device-groups',
  args: 'list | create | change | delete | order | preview | policy [group…]',
  summary: 'Administer which machines belong together and who reaches them',
  options: { ...CHANGE_OPTIONS, ...SCAN_POLICY_OPTIONS },
  run: (context) =>
    runVerb(
      {
        list: listDeviceGroups,
        create: createDeviceGroup,
        change: changeDeviceGroup,
        delete: deleteDeviceGroup,
        order: orderDeviceGroups,
        preview: previewDeviceGroup,
        policy: showOrChangePolicy,
      },
      context,
    ),
}

async function listDeviceGroups(context: CommandContext): Promise<number> {
  noArguments(context.args)
  return printDeviceGroups(context, await readAll(context))
}

async function createDeviceGroup(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const displayName = onlyArgument(args, 'name')
  const { rules, ...body } = await readBody(context)
  if (!rules) throw new UsageError('Say which machines, with --rule "<property> <operator> <value>".')
  const made = await client.access.createDeviceGroup({ displayName, rules, ...body }, { signal: io.signal })
  return printDeviceGroups(context, made)
}

async function changeDeviceGroup(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const name = onlyArgument(args, 'device group')
  const displayName = textOption(options, 'name')
  const body = { ...(displayName !== undefined && { displayName }), ...(await readBody(context)) }
  refuseEmptyChange(body, CHANGE_OPTIONS)
  const { id } = pick(await readAll(context), name, KIND)
  return printDeviceGroups(context, await client.access.changeDeviceGroup(id, body, { signal: io.signal }))
}

async function deleteDeviceGroup(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const { id, displayName } = pick(await readAll(context), onlyArgument(args, 'device group'), KIND)
  await client.access.deleteDeviceGroup(id, { signal: io.signal })
  return done(
    context,
    { id, deleted: true },
    `Deleted: ${displayName}. Its machines are in other groups now.`,
  )
}

async function orderDeviceGroups(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  if (args.length === 0) throw new UsageError('Say all device groups, the highest rank first.')
  const all = await readAll(context)
  const ids = args.map((name) => pick(all, name, KIND).id)
  return printDeviceGroups(context, await client.access.orderDeviceGroups(ids, { signal: io.signal }))
}

async function previewDeviceGroup(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  noArguments(args)
  const rules = readRules(textsOption(options, 'rule'))
  if (!rules) throw new UsageError('Say which machines, with --rule "<property> <operator> <value>".')
  const preview = await client.access.previewDeviceGroup(rules, { signal: io.signal })
  return show(context, preview, renderPreview)
}

/** Without a change, shows it. */
async function showOrChangePolicy(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const change = readPolicyOptions(options)
  if (options.defaults === true && Object.keys(change).length > 0) {
    throw new UsageError('--defaults goes with no other setting.')
  }
  const { id, displayName } = pick(await readAll(context), onlyArgument(args, 'device group'), KIND)
  if (options.defaults === true) await client.access.removeScanPolicy(id, { signal: io.signal })
  const policy =
    Object.keys(change).length === 0
      ? await client.access.getScanPolicy(id, { signal: io.signal })
      : await client.access.changeScanPolicy(id, change, { signal: io.signal })
  return show(context, policy, () => renderPolicy(displayName, policy))
}

function renderPolicy(group: string, policy: ScanPolicy): string {
  const { cpuCeilingPercent, windows, exclusions, onDetection, changedAt } = policy
  const since = changedAt === null ? 'as it was made' : `changed ${formatMoment(changedAt)}`
  const lines = [
    `Scans of machines in ${safeText(group)} (${since})`,
    `  CPU at most:   ${cpuCeilingPercent} % of all cores`,
    `  Works:         ${describeWindows(windows)}`,
    `  Found files:   ${ON_DETECTION_WORDS[onDetection]}`,
    `  Excluded:      ${exclusions.length === 0 ? 'nothing' : ''}`,
    ...exclusions.map((path) => `    ${safeText(path)}`),
  ]
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

async function readBody(context: CommandContext): Promise<Omit<ChangeDeviceGroupBody, 'displayName'>> {
  const { options } = context
  const rules = readRules(textsOption(options, 'rule'))
  const description = textOption(options, 'description')
  const level = textOption(options, 'remediation')
  const userGroupIds = await userGroupIdsOf(context)
  if (userGroupIds && options.open === true) {
    throw new UsageError('--user-group and --open exclude each other.')
  }
  return {
    ...(rules && { rules }),
    ...(description !== undefined && { description }),
    ...(level !== undefined && { remediationLevel: readLevel(level) }),
    ...(userGroupIds && { userGroupIds }),
    ...(options.open === true && { userGroupIds: [] }),
  }
}

function readLevel(text: string): RemediationLevel {
  const level = REMEDIATION_LEVELS.find((known) => known.toLowerCase() === text.toLowerCase())
  if (level !== undefined) return level
  throw new UsageError(`--remediation is one of ${REMEDIATION_LEVELS.join(', ')}, not "${text}".`)
}

function readAll({ io, client }: CommandContext): Promise<DeviceGroup[]> {
  return collect(client.access.listDeviceGroups({ signal: io.signal }))
}

async function printDeviceGroups(
  context: CommandContext,
  given: DeviceGroup | DeviceGroup[],
): Promise<number> {
  const list = Array.isArray(given) ? given : [given]
  const namesOf = await userGroupNames(context)
  return show(context, given, () =>
    renderTable(
      [
        { title: 'Rank', align: 'right' },
        { title: 'Device group' },
        { title: 'Id', align: 'right' },
        { title: 'Machines', align: 'right' },
        { title: 'Reached by' },
        { title: 'Rules' },
        { title: 'Remediation' },
      ],
      list.map(({ rank, displayName, id, machineCount, userGroupIds, rules, remediationLevel }) => [
        rank === null ? 'last' : String(rank),
        displayName,
        String(id),
        String(machineCount),
        userGroupIds.length === 0 ? 'everybody with a role' : namesOf(userGroupIds),
        rules === null ? 'all others' : rulesInWords(rules),
        remediationLevel,
      ]),
    ),
  )
}

function renderPreview({ count, machines }: DeviceGroupPreview): string {
  const shown = count > machines.length ? `, of which these are the first ${machines.length} by name` : ''
  const head = `${count} ${count === 1 ? 'machine' : 'machines'} within your reach match${count === 1 ? 'es' : ''}${shown}.\n`
  if (machines.length === 0) return head
  const rows = machines.map((machine) => [
    machine.id,
    machine.computerDnsName,
    machine.osPlatform,
    machine.rbacGroupName ?? '–',
    machine.machineTags.join(', '),
  ])
  return `${head}\n${renderTable(
    ['Machine', 'Name', 'System', 'Device group now', 'Tags'].map((title) => ({ title })),
    rows,
  )}`
}
