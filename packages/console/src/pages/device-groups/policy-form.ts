import {
  type ChangeScanPolicyBody,
  CPU_CEILING_PERCENT,
  MAX_EXCLUSIONS,
  MAX_WINDOWS,
  type ScanWindow,
  type ScanPolicySettings as Settings,
  whyNotPolicy,
} from '@fleetsweep/protocol'
import { readLines } from '../../components/read-lines.ts'

/** A policy as it is typed. */
export type PolicyForm = {
  cpu: string
  windows: readonly ScanWindow[]
  /** One in each line. */
  exclusions: string
  onDetection: Settings['onDetection']
}

/** What is wrong, by field; `windows` by their places in the list. */
export type PolicyProblems = {
  cpu?: string
  windows?: ReadonlyMap<number, string>
  exclusions?: string
}

export function policyFormOf(policy: Settings): PolicyForm {
  const { cpuCeilingPercent, windows, exclusions, onDetection } = policy
  return { cpu: String(cpuCeilingPercent), windows, exclusions: exclusions.join('\n'), onDetection }
}

/** Empty when nothing is wrong. */
export function checkPolicyForm({ cpu, windows, exclusions }: PolicyForm): PolicyProblems {
  const wrongWindows = windowProblems(windows)
  const wrongCpu = whyNotCpu(cpu)
  const wrongExclusions = whyNotExclusions(readLines(exclusions))
  return {
    ...(wrongCpu !== undefined && { cpu: wrongCpu }),
    ...(wrongWindows.size > 0 && { windows: wrongWindows }),
    ...(wrongExclusions !== undefined && { exclusions: wrongExclusions }),
  }
}

/** What a form changes of a policy; the rest stays as it is by then, whoever changed it meanwhile. */
export function policyChangeOf(form: PolicyForm, policy: Settings): ChangeScanPolicyBody {
  const wanted: Settings = {
    cpuCeilingPercent: Number(form.cpu),
    windows: [...form.windows],
    exclusions: readLines(form.exclusions),
    onDetection: form.onDetection,
  }
  const isSame = (name: keyof Settings) => JSON.stringify(wanted[name]) === JSON.stringify(policy[name])
  return {
    ...(!isSame('cpuCeilingPercent') && { cpuCeilingPercent: wanted.cpuCeilingPercent }),
    ...(!isSame('windows') && { windows: wanted.windows }),
    ...(!isSame('exclusions') && { exclusions: wanted.exclusions }),
    ...(!isSame('onDetection') && { onDetection: wanted.onDetection }),
  }
}

function whyNotCpu(text: string): string | undefined {
  const { minimum, maximum } = CPU_CEILING_PERCENT
  const percent = /^\d{1,3}$/.test(text.trim()) ? Number(text) : Number.NaN
  return percent >= minimum && percent <= maximum
    ? undefined
    : `A whole number from ${minimum} to ${maximum}.`
}

function windowProblems(windows: readonly ScanWindow[]): ReadonlyMap<number, string> {
  const problems = new Map<number, string>()
  for (const [at, { days, from, to }] of windows.entries()) {
    if (at >= MAX_WINDOWS) problems.set(at, `At most ${MAX_WINDOWS} windows are taken.`)
    else if (days.length === 0) problems.set(at, 'Choose the days on which it begins.')
    else if (!isTimeOfDay(from) || !isTimeOfDay(to)) problems.set(at, 'Both times are needed, such as 22:30.')
  }
  return problems
}

function isTimeOfDay(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text)
}

function whyNotExclusions(exclusions: readonly string[]): string | undefined {
  if (exclusions.length > MAX_EXCLUSIONS)
    return `${exclusions.length} exclusions; at most ${MAX_EXCLUSIONS} are taken.`
  return whyNotPolicy({ exclusions: [...exclusions] })
}
