import { DeviceGroupRules, REMEDIATION_LEVELS, type RemediationLevel } from '@fleetsweep/protocol'
import { Compile } from 'typebox/compile'

/** Device groups as they stand in the database; a row with id 0 is there once the ungrouped machines were changed. */
export type DeviceGroupTables = {
  device_group: DeviceGroupRow
  device_group_access: { tenant: string; device_group: number; user_group: string }
  device_group_sequence: { tenant: string; last_id: number }
}

export type DeviceGroupRow = {
  tenant: string
  id: number
  display_name: string
  display_name_lower: string
  description: string
  group_rank: number
  rules: string
  remediation_level: string
  created_at: number
}

const rulesSchema = Compile(DeviceGroupRules)

export function readRules(text: string): DeviceGroupRules {
  return rulesSchema.Parse(JSON.parse(text))
}

export function readLevel(text: string): RemediationLevel {
  const level = REMEDIATION_LEVELS.find((known) => known === text)
  if (level === undefined) throw new Error(`There is no remediation level ${text}.`)
  return level
}
