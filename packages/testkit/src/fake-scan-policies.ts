import {
  type ChangeScanPolicyBody,
  DEFAULT_SCAN_SETTINGS,
  type NamedScanPolicy,
  UNGROUPED_NAME,
  whyNotPolicy,
} from '@fleetsweep/protocol'
import { Refused } from './fake-answer.ts'

const { rescan: _, ...DEFAULTS } = DEFAULT_SCAN_SETTINGS

/** The scan policies of the device groups of a fake server. */
export class FakeScanPolicies {
  /** The highest rank first, that of the ungrouped devices last. */
  readonly all: NamedScanPolicy[] = [buildScanPolicy()]

  /** Adds a group, ranked last. */
  add(given: Partial<NamedScanPolicy>): NamedScanPolicy {
    const policy = buildScanPolicy({ deviceGroupId: this.all.length, ...given })
    this.all.splice(-1, 0, policy)
    return policy
  }

  /** Answers a call about one policy; `undefined` for any other. */
  answer(route: string, body: unknown, now: string): NamedScanPolicy | 'removed' | undefined {
    const [, method, id] =
      /^(GET|PATCH|DELETE) \/fleet\/v1\/deviceGroups\/(\d+)\/scanPolicy$/.exec(route) ?? []
    if (method === undefined) return undefined
    const at = this.all.findIndex(({ deviceGroupId }) => deviceGroupId === Number(id))
    const before = this.all[at]
    if (!before) throw new Refused('ResourceNotFound', `The device group ${id} was not found`)
    if (method === 'GET') return before
    const change = method === 'DELETE' ? DEFAULTS : (body as ChangeScanPolicyBody)
    const why = whyNotPolicy({ exclusions: change.exclusions ?? [] })
    if (why !== undefined) throw new Refused('InvalidInput', why)
    const after = { ...before, ...change, changedAt: method === 'DELETE' ? null : now }
    this.all[at] = after
    return method === 'DELETE' ? 'removed' : after
  }
}

function buildScanPolicy(given: Partial<NamedScanPolicy> = {}): NamedScanPolicy {
  return { deviceGroupId: 0, deviceGroupName: UNGROUPED_NAME, ...DEFAULTS, changedAt: null, ...given }
}
