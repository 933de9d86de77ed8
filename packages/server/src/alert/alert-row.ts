import {
  type AlertClassification,
  AlertComment,
  type AlertDetermination,
  type AlertId,
  type AlertSeverity,
  type AlertStatus,
  type Detection,
  type Instant,
  type MachineId,
} from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { AlertPlace, StoredAlert } from './alert.ts'

export type AlertTables = {
  alert: AlertRow
  open_alert: { tenant: string; open_key: string; alert: string }
  alert_place: AlertPlaceRow
  incident_sequence: { tenant: string; last_id: number }
}

export type AlertRow = {
  tenant: string
  id: string
  incident: number
  machine: string
  computer_dns_name: string
  computer_dns_name_lower: string
  open_key: string
  threat_name: string
  threat_name_lower: string
  threat_family: string
  threat_family_lower: string
  sha256: string | null
  title: string
  title_lower: string
  severity: string
  status: string
  assigned_to: string | null
  assigned_to_lower: string | null
  classification: string | null
  determination: string | null
  created_at: number
  last_event_at: number
  updated_at: number
  resolved_at: number | null
  comments: string
  places: number
  more_places: number
  last_path: string
  last_owner: string | null
  last_disposition: string
}

/** A row with the name of the device group that its machine is in now. */
export type NamedAlertRow = AlertRow & { device_group_name: string | null }

export type AlertPlaceRow = {
  tenant: string
  alert: string
  place: string
  path: string
  owner: string | null
  disposition: string
  first_at: number
  last_at: number
}

const commentsSchema = Compile(Type.Array(AlertComment))

export function readComments(row: Pick<AlertRow, 'comments'>): AlertComment[] {
  return commentsSchema.Parse(JSON.parse(row.comments))
}

/** The row's own words are trusted: only the writes of this folder put them there. */
export function toAlert(row: NamedAlertRow): StoredAlert {
  return {
    id: row.id as AlertId,
    incident: row.incident,
    machineId: row.machine as MachineId,
    computerDnsName: row.computer_dns_name,
    deviceGroupName: row.device_group_name,
    threatName: row.threat_name,
    threatFamily: row.threat_family,
    sha256: row.sha256,
    title: row.title,
    severity: row.severity as AlertSeverity,
    status: row.status as AlertStatus,
    assignedTo: row.assigned_to,
    classification: row.classification as AlertClassification | null,
    determination: row.determination as AlertDetermination | null,
    createdAt: row.created_at as Instant,
    lastEventAt: row.last_event_at as Instant,
    updatedAt: row.updated_at as Instant,
    resolvedAt: row.resolved_at as Instant | null,
    comments: readComments(row),
    places: row.places,
    morePlaces: row.more_places === 1,
    lastPath: row.last_path,
    lastOwner: row.last_owner,
    lastDisposition: row.last_disposition as Detection['disposition'],
  }
}

export function toPlace(row: AlertPlaceRow): AlertPlace {
  return {
    path: row.path,
    owner: row.owner,
    disposition: row.disposition as Detection['disposition'],
    firstAt: row.first_at as Instant,
  }
}
