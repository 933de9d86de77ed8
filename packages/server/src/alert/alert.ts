import type {
  AlertClassification,
  AlertComment,
  AlertDetermination,
  AlertId,
  AlertSeverity,
  AlertStatus,
  Detection,
  Instant,
  MachineId,
} from '@fleetsweep/protocol'

/** What was found on a machine, as the server keeps it: one threat in one file, in however many places. */
export type StoredAlert = {
  id: AlertId
  /** Number of the alert within its tenant, from 1. */
  incident: number
  machineId: MachineId
  /** The machine's name when the threat was found last. */
  computerDnsName: string
  /** Null when the machine is ungrouped. */
  deviceGroupName: string | null
  threatName: string
  threatFamily: string
  /** Null when the file could not be read again. */
  sha256: string | null
  title: string
  severity: AlertSeverity
  status: AlertStatus
  assignedTo: string | null
  classification: AlertClassification | null
  determination: AlertDetermination | null
  /** When the threat was found first. */
  createdAt: Instant
  lastEventAt: Instant
  updatedAt: Instant
  resolvedAt: Instant | null
  comments: readonly AlertComment[]
  /** How many places are kept. */
  places: number
  /** True when it was found in more places than are kept. */
  morePlaces: boolean
  /** Where it was found last, safe to show. */
  lastPath: string
  lastOwner: string | null
  lastDisposition: Detection['disposition']
}

/** One place where a threat was found. */
export type AlertPlace = {
  /** Safe to show. */
  path: string
  owner: string | null
  disposition: Detection['disposition']
  firstAt: Instant
}

/** An alert with its places, those first found first; none where they were not asked for. */
export type AlertWithPlaces = { alert: StoredAlert; places: readonly AlertPlace[] }

/** Most places that an alert keeps: those where its threat was found last. */
export const MAX_PLACES = 100
/** Most characters of a path that an alert keeps; the detection itself has all of it. */
export const MAX_PATH_LENGTH = 2_048
/** Most comments of one alert. */
export const MAX_COMMENTS = 100
