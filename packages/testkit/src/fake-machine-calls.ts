import type { Machine } from '@fleetsweep/protocol'

/** What a call that finds or changes machines answers. */
type Answered = Machine | { value: Machine[] }

type MachineCall = {
  /** Method and decoded path. */
  route: string
  search: URLSearchParams
  /** As JSON; not checked. */
  body: unknown
  machines: Machine[]
  /** The machine that a text names; throws where there is none. */
  named: (idOrName: string) => Machine
}

/**
 * Answers the calls that find machines by address or tag, and those that change them, as a server does for machines that
 * always had their address; `undefined` for any other call.
 */
export function answerMachineCall({
  route,
  search,
  body,
  machines,
  named,
}: MachineCall): Answered | undefined {
  const given = body as Partial<Record<string, string>> & { MachineIds?: string[]; machineTags?: string[] }
  const change = (idOrName: string, changed: Partial<Machine>): Machine => {
    const before = named(idOrName)
    const after = { ...before, ...changed }
    machines[machines.indexOf(before)] = after
    return after
  }
  const tag = (idOrName: string): Machine => {
    const others = named(idOrName).machineTags.filter((one) => one !== given.Value)
    return change(idOrName, {
      machineTags: given.Action === 'Add' ? [...others, given.Value ?? ''] : others,
    })
  }
  const [, ip] = /^GET \/api\/machines\/findbyip\(ip='([^']*)',timestamp=[^)]+\)$/.exec(route) ?? []
  if (ip !== undefined) return { value: machines.filter(({ lastIpAddress }) => lastIpAddress === ip) }
  if (route === 'GET /api/machines/findbytag') {
    const wanted = search.get('tag') ?? ''
    const isWanted = (one: string) =>
      search.get('useStartsWithFilter') === 'true' ? one.startsWith(wanted) : one === wanted
    return { value: machines.filter(({ machineTags }) => machineTags.some(isWanted)) }
  }
  if (route === 'POST /api/machines/AddOrRemoveTagForMultipleMachines') {
    // All are known, or nothing happens.
    const ids = (given.MachineIds ?? []).map((one) => named(one).id)
    return { value: ids.map(tag) }
  }
  const [, id = '', call] = /^(?:POST|PATCH) \/api\/machines\/([^/]+)(?:\/(\w+))?$/.exec(route) ?? []
  if (call === 'tags') return tag(id)
  if (call === 'setDeviceValue') return change(id, { deviceValue: given.DeviceValue ?? null })
  if (!route.startsWith('PATCH /api/machines/')) return undefined
  const { machineTags, deviceValue } = given
  return change(id, { ...(machineTags && { machineTags }), ...(deviceValue && { deviceValue }) })
}
