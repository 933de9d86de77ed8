import { addMs, DEVICE_VALUES, type Instant } from '@fleetsweep/protocol'
import { sql } from 'kysely'
import { field, odataFields, type RowSource } from '../kit/odata/index.ts'
import { RISK_SCORES } from './machine-risk.ts'
import { DEVICE_GROUP_NAME } from './machine-row.ts'
import { INACTIVE_AFTER_MS } from './show-machine.ts'

/** What machines can be filtered and ordered by, on either database. `now` decides which of them are active. */
export function machineSource(now: Instant): RowSource {
  const activeSince = sql.lit(addMs(now, -INACTIVE_AFTER_MS))
  return {
    order: { field: 'lastSeen', direction: 'desc' },
    id: 'id',
    columns: sql`machine.*, ${DEVICE_GROUP_NAME} as device_group_name`,
    fields: odataFields({
      id: field.id('id'),
      computerDnsName: field.text('computer_dns_name', { lower: 'computer_dns_name_lower' }),
      firstSeen: field.instant('first_seen'),
      lastSeen: field.instant('last_seen'),
      osPlatform: field.asciiText('os_platform'),
      osVersion: field.text('os_version', { nullable: true }),
      osProcessor: field.asciiText('os_processor'),
      osArchitecture: field.asciiText('os_architecture'),
      osBuild: field.number('os_build', { nullable: true }),
      version: field.asciiText('version'),
      agentVersion: field.text('agent_version'),
      lastIpAddress: field.text('last_ip_address', { nullable: true }),
      lastExternalIpAddress: field.text('last_external_ip_address', { nullable: true }),
      healthStatus: field.choice({
        Active: sql`last_seen >= ${activeSince}`,
        Inactive: sql`last_seen < ${activeSince}`,
      }),
      aadDeviceId: field.id('aad_device_id', { nullable: true }),
      machineTags: field.texts('tags'),
      isPotentialDuplication: field.boolean('is_potential_duplication'),
      onboardingStatus: field.constant('Onboarded'),
      deviceValue: field.word('device_value', DEVICE_VALUES),
      rbacGroupId: field.number('device_group'),
      rbacGroupName: field.text(DEVICE_GROUP_NAME, {
        nullable: true,
        lower: sql`(select display_name_lower from device_group where device_group.tenant = machine.tenant and device_group.id = machine.device_group and device_group.id <> 0)`,
      }),
      riskScore: field.word('risk_score', RISK_SCORES),
      exposureLevel: field.nothing,
    }),
  }
}
