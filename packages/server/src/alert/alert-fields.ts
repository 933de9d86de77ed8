import {
  ALERT_CLASSIFICATIONS,
  ALERT_DETERMINATIONS,
  ALERT_SEVERITIES,
  ALERT_STATUSES,
} from '@fleetsweep/protocol'
import { sql } from 'kysely'
import { field, odataFields, type RowSource } from '../kit/odata/index.ts'
import { CATEGORY, DETECTION_SOURCE, DETECTOR_ID, INVESTIGATION_STATE } from './show-alert.ts'

/** The device group that the alert's machine is in now; null for an ungrouped one. */
const ofDeviceGroup = (column: 'display_name' | 'display_name_lower') =>
  sql<
    string | null
  >`(select device_group.${sql.ref(column)} from machine join device_group on device_group.tenant = machine.tenant and device_group.id = machine.device_group where machine.tenant = alert.tenant and machine.id = alert.machine and device_group.id <> 0)`

export const DEVICE_GROUP_NAME = ofDeviceGroup('display_name')

/** What alerts can be filtered and ordered by, on either database. */
export const ALERT_SOURCE: RowSource = {
  order: { field: 'alertCreationTime', direction: 'desc' },
  id: 'id',
  columns: sql`alert.*, ${DEVICE_GROUP_NAME} as device_group_name`,
  fields: odataFields({
    id: field.id('id'),
    incidentId: field.number('incident'),
    investigationId: field.number(sql`cast(null as bigint)`, { nullable: true }),
    assignedTo: field.text('assigned_to', { nullable: true, lower: 'assigned_to_lower' }),
    severity: field.word('severity', ALERT_SEVERITIES),
    status: field.word('status', ALERT_STATUSES),
    classification: { ...field.word('classification', ALERT_CLASSIFICATIONS), nullable: true },
    determination: { ...field.word('determination', ALERT_DETERMINATIONS), nullable: true },
    investigationState: field.constant(INVESTIGATION_STATE),
    detectionSource: field.constant(DETECTION_SOURCE),
    detectorId: field.constant(DETECTOR_ID),
    category: field.constant(CATEGORY),
    threatFamilyName: field.text('threat_family', { lower: 'threat_family_lower' }),
    threatName: field.text('threat_name', { lower: 'threat_name_lower' }),
    title: field.text('title', { lower: 'title_lower' }),
    alertCreationTime: field.instant('created_at'),
    firstEventTime: field.instant('created_at'),
    lastEventTime: field.instant('last_event_at'),
    lastUpdateTime: field.instant('updated_at'),
    resolvedTime: field.instant('resolved_at', { nullable: true }),
    machineId: field.id('machine'),
    computerDnsName: field.text('computer_dns_name', { lower: 'computer_dns_name_lower' }),
    rbacGroupName: field.text(DEVICE_GROUP_NAME, {
      nullable: true,
      lower: ofDeviceGroup('display_name_lower'),
    }),
  }),
}
