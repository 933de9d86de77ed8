import { formatInstant, type Instant } from '../../packages/protocol/src/index.ts'
import { DAY_MICROS } from './fleet-history.ts'

/** Who asks: an application, which reaches everything, or somebody who reaches 20 machines, some percent, or half of all. */
export type Asker = 'application' | ReaderKind
export const READER_KINDS = ['tiny', 'few', 'most'] as const
export type ReaderKind = (typeof READER_KINDS)[number]
export type ListQueryCase = {
  name: string
  list: 'machines' | 'machineactions'
  query: string
  asker: Asker
  count?: boolean
}

/** Things that are there, for queries that look for one. */
export type Samples = {
  now: number
  machine: { id: string; name: string; aad: string; ip: string }
  actions: readonly string[]
  externalId: string
  /** Of places deep in a list. */
  tokens: { actions: string; machines: string; machinesByName: string }
}

/** What clients really send, each with a page of a hundred unless they ask for another. */
export function listQueries({ now, machine, actions, externalId, tokens }: Samples): ListQueryCase[] {
  const ago = (days: number) => formatInstant((now - days * DAY_MICROS) as Instant)
  const cases: ListQueryCase[] = []
  const add = (
    list: ListQueryCase['list'],
    name: string,
    options: Record<string, string>,
    more: Partial<ListQueryCase> = {},
  ) => {
    const given = more.count ? options : { $top: '100', ...options }
    const query = Object.entries(given)
      .map(([option, value]) => `${option}=${encodeURIComponent(value)}`)
      .join('&')
    cases.push({ name: `${list} ${name}`, list, query, asker: 'application', ...more })
  }
  const action = (name: string, options: Record<string, string>, more?: Partial<ListQueryCase>) =>
    add('machineactions', name, options, more)
  const machines = (name: string, options: Record<string, string>, more?: Partial<ListQueryCase>) =>
    add('machines', name, options, more)
  const filtered = ($filter: string) => ({ $filter })

  action('newest', {})
  action('newest 10,000', { $top: '10000' })
  action('newest, at 900,000 by link', { $skiptoken: tokens.actions })
  action('newest, $skip 900,000', { $skip: '900000' })
  action('newest, $count', { $count: 'true' })
  action('/$count', {}, { count: true })
  for (const status of ['Pending', 'Succeeded', 'Failed']) {
    action(`status ${status}`, filtered(`status eq '${status}'`))
    action(`status ${status}, $count`, { ...filtered(`status eq '${status}'`), $count: 'true' })
  }
  action('status in', filtered(`status in ('Pending','InProgress')`))
  action('type and status', filtered(`type eq 'RunAntiVirusScan' and status eq 'Pending'`))
  action('status Succeeded, $skip 800,000', { ...filtered(`status eq 'Succeeded'`), $skip: '800000' })
  action('machineId', filtered(`machineId eq '${machine.id}'`))
  action('machineId and status', filtered(`machineId eq '${machine.id}' and status eq 'Succeeded'`))
  action('id', filtered(`id eq ${actions[0]}`))
  action('id in 20', filtered(`id in (${actions.map((id) => `'${id}'`).join(',')})`))
  action('created since 1 day', filtered(`creationDateTimeUtc gt ${ago(1)}`))
  action('created since 60 days, /$count', filtered(`creationDateTimeUtc gt ${ago(60)}`), { count: true })
  const changed = (days: number, $skip: string) => ({
    ...filtered(`lastUpdateDateTimeUtc gt ${ago(days)}`),
    $orderby: 'lastUpdateDateTimeUtc asc',
    $skip,
  })
  action('updated since 1 day, oldest first', changed(1, '0'))
  action('updated since 90 days, oldest first, $skip 900,000', changed(90, '900000'))
  action('requestor, most', filtered(`requestor eq 'SOC automation'`))
  action('requestor, few', filtered(`requestor eq 'analyst-7@contoso.example'`))
  action('requestor, few, $count', {
    ...filtered(`requestor eq 'analyst-7@contoso.example'`),
    $count: 'true',
  })
  action('requestor, none', filtered(`requestor eq 'nobody'`))
  action('externalId', filtered(`externalId eq '${externalId}'`))
  action('externalId, none', filtered(`externalId eq 'no such case'`))
  action('errorHResult', filtered('errorHResult ne 0'))
  action('computerDnsName', filtered(`computerDnsName eq '${machine.name}'`))
  action('startswith name', filtered(`startswith(computerDnsName,'${machine.name.slice(0, 7)}')`))
  action('contains comment, some', filtered(`contains(requestorComment,'alert 77')`))
  action('contains comment, none', filtered(`contains(requestorComment,'no such words')`))
  action('by status', { $orderby: 'status,creationDateTimeUtc desc' })
  action('by name', { $orderby: 'computerDnsName' })
  for (const asker of READER_KINDS) {
    action(`newest, reach ${asker}`, {}, { asker })
    action(`newest, reach ${asker}, $count`, { $count: 'true' }, { asker })
    machines(`latest, reach ${asker}`, {}, { asker })
    machines(`/$count, reach ${asker}`, {}, { asker, count: true })
  }
  action('status Pending, reach few', filtered(`status eq 'Pending'`), { asker: 'few' })

  machines('latest', {})
  machines('latest 10,000', { $top: '10000' })
  machines('latest, at 90,000 by link', { $skiptoken: tokens.machines })
  machines('latest, $skip 90,000', { $skip: '90000' })
  machines('latest, $count', { $count: 'true' })
  machines('/$count', {}, { count: true })
  machines('by name', { $orderby: 'computerDnsName' })
  machines('by name, at 90,000 by link', { $orderby: 'computerDnsName', $skiptoken: tokens.machinesByName })
  machines('by name, $skip 90,000', { $orderby: 'computerDnsName', $skip: '90000' })
  machines('computerDnsName', filtered(`computerDnsName eq '${machine.name}'`))
  machines('startswith name', filtered(`startswith(computerDnsName,'ws-0123')`))
  machines('contains name', filtered(`contains(computerDnsName,'site-42')`))
  machines('contains name, none', filtered(`contains(computerDnsName,'no such name')`))
  machines('Active', filtered(`healthStatus eq 'Active'`))
  machines('Inactive', filtered(`healthStatus eq 'Inactive'`))
  machines('Inactive, $count', { ...filtered(`healthStatus eq 'Inactive'`), $count: 'true' })
  machines('seen since 1 day', filtered(`lastSeen gt ${ago(1)}`))
  machines('not seen for 30 days', filtered(`lastSeen lt ${ago(30)}`))
  machines('osPlatform, most', filtered(`osPlatform eq 'Windows11'`))
  machines('osPlatform, few, /$count', filtered(`osPlatform eq 'macOS'`), { count: true })
  machines('osPlatform, none', filtered(`osPlatform eq 'BeOS'`))
  machines('tag, few', filtered(`machineTags/any(t: t eq 'tag-199')`))
  machines('tag, none', filtered(`machineTags/any(t: t eq 'no such tag')`))
  machines('tag begins, few', filtered(`machineTags/any(t: startswith(t,'tag-19'))`))
  machines('riskScore High', filtered(`riskScore eq 'High'`))
  machines('exposureLevel High', filtered(`exposureLevel eq 'High'`))
  machines('deviceValue High', filtered(`deviceValue eq 'High'`))
  machines('onboarded and version', filtered(`onboardingStatus eq 'Onboarded' and version eq '22H2'`))
  machines('rbacGroupId', filtered('rbacGroupId eq 19'))
  machines('aadDeviceId', filtered(`aadDeviceId eq ${machine.aad}`))
  machines('lastIpAddress', filtered(`lastIpAddress eq '${machine.ip}'`))
  return cases
}
