import { type ChangeScanPolicyBody, type ScanPolicy, type ScanWindow, WEEKDAYS } from '@fleetsweep/protocol'
import type { CommandOptions } from './command.ts'
import { type CommandValues, textOption, textsOption, UsageError, wholeOption } from './command.ts'

/** What `device-groups policy` takes beside the group. */
export const SCAN_POLICY_OPTIONS: CommandOptions = {
  exclude: {
    type: 'string',
    multiple: true,
    value: 'path',
    help: 'policy: all folders and files that are not opened; repeatable',
  },
  'exclude-nothing': { type: 'boolean', help: 'policy: no exclusions' },
  cpu: {
    type: 'string',
    value: 'percent',
    help: 'policy: most of all cores together that a scan uses, 5 to 100',
  },
  window: {
    type: 'string',
    multiple: true,
    value: 'when',
    help: 'policy: all windows in which scans work, such as "sat,sun 22:00-06:00" or "daily 22:00-05:00"; repeatable',
  },
  'any-time': { type: 'boolean', help: 'policy: no windows' },
  'on-detection': {
    type: 'string',
    value: 'report|quarantine',
    help: 'policy: what becomes of a found file',
  },
  defaults: { type: 'boolean', help: 'policy: put the defaults back' },
}

/** @throws UsageError */
export function readPolicyOptions(options: CommandValues): ChangeScanPolicyBody {
  const exclusions = listOption(options, 'exclude', 'exclude-nothing')
  const windows = listOption(options, 'window', 'any-time')?.map(readWindow)
  const cpuCeilingPercent = wholeOption(options, 'cpu', { min: 5, max: 100 })
  const onDetection = readOnDetection(textOption(options, 'on-detection'))
  return {
    ...(exclusions && { exclusions }),
    ...(windows && { windows }),
    ...(cpuCeilingPercent !== undefined && { cpuCeilingPercent }),
    ...(onDetection && { onDetection }),
  }
}

function listOption(options: CommandValues, name: string, none: string): string[] | undefined {
  const texts = textsOption(options, name)
  if (options[none] === true && texts.length > 0)
    throw new UsageError(`--${name} and --${none} exclude each other.`)
  return options[none] === true || texts.length > 0 ? texts : undefined
}

function readWindow(text: string): ScanWindow {
  const [, when = '', from, to] = /^\s*(\S+)\s+(\d\d:\d\d)\s*[-–]\s*(\d\d:\d\d)\s*$/.exec(text) ?? []
  const days = when.toLowerCase() === 'daily' ? [...WEEKDAYS] : when.split(',').map(readDay)
  if (from === undefined || to === undefined || days.length === 0 || days.includes(undefined)) {
    throw new UsageError(`--window takes "<days> <from>-<to>", such as "sat,sun 22:00-06:00", not "${text}".`)
  }
  return { days: days.filter((day) => day !== undefined), from, to }
}

function readDay(text: string): ScanWindow['days'][number] | undefined {
  return WEEKDAYS.find((day) => day === text.toLowerCase().slice(0, 3))
}

function readOnDetection(text: string | undefined): ScanPolicy['onDetection'] | undefined {
  if (text === undefined || text === 'report' || text === 'quarantine') return text
  throw new UsageError(`--on-detection is report or quarantine, not "${text}".`)
}
