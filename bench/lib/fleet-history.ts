// A fleet with a past: 100,000 machines of a company, and what was scanned on them in ninety days. Always the same.

export const DAY_MICROS = 86_400_000_000
const DAYS = 90
/** Device groups from 1 on: the first holds most machines, the last a few. */
export const GROUPS = 21

export type MachineRow = Readonly<Record<string, string | number | null>> & { id: string }
export type ActionRow = Readonly<Record<string, string | number | null>> & { id: string }

const SYSTEMS = [
  ['windows', 'Windows11', '10.0', '23H2', 22_631, 0.55],
  ['windows', 'Windows10', '10.0', '22H2', 19_045, 0.15],
  ['windows', 'WindowsServer2022', '10.0', '21H2', 20_348, 0.1],
  ['linux', 'Ubuntu', '24.04', 'Other', null, 0.1],
  ['linux', 'Debian', '12.11', 'Other', null, 0.05],
  ['macos', 'macOS', '15.6', 'Other', null, 0.05],
] as const
const STATUSES = [
  ['Succeeded', 0, 0.9],
  ['Failed', 0, 0.04],
  ['TimeOut', -2_145_844_840, 0.03],
  ['Cancelled', -2_147_467_260, 0.02],
  ['Pending', 0, 0.008],
  ['InProgress', 0, 0.002],
] as const
const RISKS = [
  ['None', 0.96],
  ['Low', 0.01],
  ['Medium', 0.02],
  ['High', 0.01],
] as const
const ENGINE = JSON.stringify({
  name: 'ClamAV',
  version: '1.4.6',
  state: 'ready',
  signatures: {
    official: true,
    version: '27451',
    builtAt: '2026-11-20T00:00:00Z',
    count: 8_700_000,
    identity: 'c0'.repeat(32),
  },
})

/** @param now in microseconds; the last day ends then */
export function* machineRows(tenant: string, count: number, now: number): Generator<MachineRow> {
  const random = generator(1)
  for (let n = 0; n < count; n += 1) {
    const [osKind, platform, osVersion, version, build] = pick(SYSTEMS, random)
    const name = `${osKind === 'linux' ? 'srv' : 'ws'}-${String(n).padStart(6, '0')}.site-${String(n % 97).padStart(2, '0')}.Contoso.example`
    const ip = `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
    const tags = Array.from(
      { length: Math.floor(random() * 4) },
      () => `tag-${Math.floor(random() ** 2 * 200)}`,
    )
    // Most were heard of within the last day; some fell silent long ago.
    const silentDays = random() < 0.93 ? random() : random() * DAYS
    const group = n % 5_000 === 0 ? GROUPS : 1 + Math.floor(random() ** 3 * (GROUPS - 1))
    yield {
      tenant,
      id: hex(random, 40),
      public_key: `key-${n}`,
      os_identity: hex(random, 64),
      computer_dns_name: name,
      computer_dns_name_lower: name.toLowerCase(),
      aad_device_id: osKind === 'windows' ? guid(random) : null,
      os_kind: osKind,
      os_platform: platform,
      os_version: osVersion,
      version,
      os_build: build,
      os_architecture: '64-bit',
      os_processor: 'x64',
      agent_version: '0.1.0',
      last_ip_address: ip,
      last_external_ip_address: `203.0.113.${n % 200}`,
      engine: ENGINE,
      ip_addresses: JSON.stringify([
        { ipAddress: '127.0.0.1', macAddress: null, type: 'SoftwareLoopback', operationalStatus: 'Up' },
        { ipAddress: ip, macAddress: hex(random, 12), type: 'Ethernet', operationalStatus: 'Up' },
      ]),
      tags: JSON.stringify(tags),
      tags_lower: tags.length === 0 ? '' : `\n${tags.join('\n')}\n`,
      device_group: group,
      is_potential_duplication: 0,
      orders_held_because: null,
      first_seen: Math.floor(now - (DAYS + random() * 400) * DAY_MICROS),
      last_seen: Math.floor(now - silentDays * DAY_MICROS),
      device_value: random() < 0.02 ? 'High' : 'Normal',
      risk_score: pick(RISKS, random)[0],
    }
  }
}

/** In the order of their creation, evenly over the days, each on one of these machines. */
export function* actionRows(
  tenant: string,
  machines: readonly { id: string; name: string }[],
  count: number,
  now: number,
): Generator<ActionRow> {
  const random = generator(2)
  for (let n = 0; n < count; n += 1) {
    const machine = machines[Math.floor(random() * machines.length)]
    if (machine === undefined) throw new Error('There are no machines.')
    const [status, hresult] = pick(STATUSES, random)
    const created = Math.floor(now - DAYS * DAY_MICROS * (1 - n / count))
    const updated = Math.min(now, Math.floor(created + random() ** 4 * 3 * DAY_MICROS))
    const isCancelled = status === 'Cancelled'
    const requestor =
      random() < 0.6 ? 'SOC automation' : `Analyst-${Math.floor(random() * 40)}@contoso.example`
    yield {
      tenant,
      id: guid(random),
      type: 'RunAntiVirusScan',
      machine: machine.id,
      computer_dns_name: machine.name,
      computer_dns_name_lower: machine.name.toLowerCase(),
      requestor,
      requestor_lower: requestor.toLowerCase(),
      requestor_comment: `Check machine due to alert ${n}`,
      status,
      scope: random() < 0.8 ? 'Quick' : 'Full',
      external_id: random() < 0.3 ? `case-${n}` : null,
      request_source: requestor === 'SOC automation' ? 'PublicApi' : 'Portal',
      created_at: created,
      updated_at: updated,
      cancellation_requestor: isCancelled ? 'SOC automation' : null,
      cancellation_comment: isCancelled ? 'Not needed any more' : null,
      cancelled_at: isCancelled ? updated : null,
      error_hresult: hresult,
      troubleshoot_info: status === 'Succeeded' ? 'Nothing found; 12 of 48,201 files not scanned.' : null,
      expires_at: created + 3 * DAY_MICROS,
    }
  }
}

/** The same numbers from 0 to 1 in every run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One of several, each as often as its last member says. */
function pick<Choice extends readonly [...unknown[], number]>(
  choices: readonly Choice[],
  random: () => number,
): Choice {
  let left = random()
  for (const choice of choices) {
    left -= Number(choice.at(-1))
    if (left < 0) return choice
  }
  return choices[0] as Choice
}

function hex(random: () => number, digits: number): string {
  let text = ''
  while (text.length < digits)
    text += Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0')
  return text.slice(0, digits)
}

function guid(random: () => number): string {
  const digits = hex(random, 32)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20)}`
}
