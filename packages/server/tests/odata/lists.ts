import {
  ALERT_CLASSIFICATIONS,
  ALERT_DETERMINATIONS,
  ALERT_SEVERITIES,
  ALERT_STATUSES,
  AV_OS_KINDS,
  AV_SCAN_RESULTS,
  DEVICE_VALUES,
  FRESHNESSES,
  MACHINE_ACTION_STATUSES,
  parseInstant,
  SCAN_TYPES,
} from '@fleetsweep/protocol'
import { evaluate, type Item, type ListMeaning, type Property } from './evaluate.ts'

// What clients are told of each list of the Defender API. A new list is one more entry.

export type ApiList = { path: string; meaning: ListMeaning }

const exact: Property = { kind: 'text', case: 'exact' }
const long: Property = { kind: 'text', case: 'exact', long: true }
const caseless: Property = { kind: 'text', case: 'unicode' }
const ascii: Property = { kind: 'text', case: 'ascii' }
const id: Property = { kind: 'id' }
const instant: Property = { kind: 'instant' }
const number: Property = { kind: 'number' }
const word = (...words: string[]): Property => ({ kind: 'word', words })

export const API_LISTS: readonly ApiList[] = [
  {
    path: '/api/machines',
    meaning: {
      id: 'id',
      order: { field: 'lastSeen', direction: 'desc' },
      properties: {
        id,
        computerDnsName: caseless,
        firstSeen: instant,
        lastSeen: instant,
        osPlatform: ascii,
        osVersion: exact,
        osProcessor: ascii,
        osArchitecture: ascii,
        osBuild: number,
        version: ascii,
        agentVersion: exact,
        lastIpAddress: exact,
        lastExternalIpAddress: exact,
        healthStatus: word('Active', 'Inactive'),
        aadDeviceId: id,
        machineTags: { kind: 'texts' },
        isPotentialDuplication: { kind: 'boolean' },
        onboardingStatus: word('Onboarded'),
        deviceValue: word(...DEVICE_VALUES),
        rbacGroupId: number,
        rbacGroupName: caseless,
        riskScore: word('None', ...ALERT_SEVERITIES),
        exposureLevel: exact,
      },
    },
  },
  {
    path: '/api/machineactions',
    meaning: {
      id: 'id',
      order: { field: 'creationDateTimeUtc', direction: 'desc' },
      properties: {
        id,
        type: word('RunAntiVirusScan'),
        requestor: caseless,
        requestorComment: long,
        status: word(...MACHINE_ACTION_STATUSES),
        machineId: id,
        computerDnsName: caseless,
        creationDateTimeUtc: instant,
        lastUpdateDateTimeUtc: instant,
        cancellationRequestor: exact,
        cancellationComment: long,
        cancellationDateTimeUtc: instant,
        errorHResult: number,
        scope: word(...SCAN_TYPES),
        externalId: long,
        requestSource: word('PublicApi', 'Portal'),
      },
    },
  },
  {
    path: '/api/alerts',
    meaning: {
      id: 'id',
      order: { field: 'alertCreationTime', direction: 'desc' },
      properties: {
        id,
        incidentId: number,
        investigationId: number,
        assignedTo: caseless,
        severity: word(...ALERT_SEVERITIES),
        status: word(...ALERT_STATUSES),
        classification: word(...ALERT_CLASSIFICATIONS),
        determination: word(...ALERT_DETERMINATIONS),
        investigationState: word('UnsupportedAlertType'),
        detectionSource: word('WindowsDefenderAv'),
        category: word('Malware'),
        threatFamilyName: caseless,
        threatName: caseless,
        title: caseless,
        alertCreationTime: instant,
        firstEventTime: instant,
        lastEventTime: instant,
        lastUpdateTime: instant,
        resolvedTime: instant,
        machineId: id,
        computerDnsName: caseless,
        rbacGroupName: caseless,
      },
    },
  },
  {
    path: '/api/deviceavinfo',
    meaning: {
      id: 'machineId',
      order: { field: 'dataRefreshTimestamp', direction: 'desc' },
      properties: {
        machineId: id,
        computerDnsName: caseless,
        osKind: word(...AV_OS_KINDS),
        osPlatform: ascii,
        osVersion: exact,
        avMode: id,
        avSignatureVersion: exact,
        avEngineVersion: exact,
        avPlatformVersion: exact,
        lastSeenTime: instant,
        quickScanResult: word(...AV_SCAN_RESULTS),
        quickScanError: ascii,
        quickScanTime: instant,
        fullScanResult: word(...AV_SCAN_RESULTS),
        fullScanError: ascii,
        fullScanTime: instant,
        dataRefreshTimestamp: instant,
        avIsSignatureUpToDate: word(...FRESHNESSES),
        avIsEngineUpToDate: word('Unknown'),
        avIsPlatformUpToDate: word('Unknown'),
        avSignaturePublishTime: instant,
        rbacGroupId: number,
      },
    },
  },
]

/** An entry of a list, read as its description says. */
export function toItem(shown: Readonly<Record<string, unknown>>, { meaning }: ApiList): Item {
  const read = (name: string, property: Property): Item[string] => {
    const value = shown[name]
    if (value === null) return null
    if (typeof value === 'string') {
      return property.kind === 'instant' ? (parseInstant(value) ?? null) : value
    }
    if (typeof value === 'number' || typeof value === 'boolean') return value
    if (Array.isArray(value)) return value.map(String)
    throw new Error(`An entry without ${name}: ${JSON.stringify(shown)}`)
  }
  return Object.fromEntries(
    Object.entries(meaning.properties).map(([name, property]) => [name, read(name, property)]),
  )
}

export function idsInOrder(
  items: readonly Item[],
  query: Parameters<typeof evaluate>[1],
  { meaning }: ApiList,
): string[] {
  return evaluate(items, query, meaning).map((item) => String(item[meaning.id]))
}
