import { type Static, Type } from 'typebox'

const NullableText = Type.Union([Type.String(), Type.Null()])

/** What a machine's antivirus is doing, by the digits of the Defender API. */
export const AV_MODES = {
  active: '0',
  passive: '1',
  disabled: '2',
  other: '3',
  edrBlocked: '4',
  passiveAudit: '5',
} as const

export const FRESHNESSES = ['True', 'False', 'Unknown'] as const
/** Whether something is up to date: a text, because it may be that nobody knows. */
export type Freshness = (typeof FRESHNESSES)[number]

/** How a machine's last scan of a type ended; empty before the first. `Canceled` has one l here. */
export const AV_SCAN_RESULTS = ['Completed', 'Canceled', 'Failed', ''] as const
export type AvScanResult = (typeof AV_SCAN_RESULTS)[number]

export const AV_OS_KINDS = ['windows', 'mac', 'linux'] as const

/**
 * The antivirus of one machine as the Defender API shows it; properties stand in the order of the wire.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/device-health-api-methods-properties
 */
export const DeviceAvInfo = Type.Object(
  {
    id: Type.String({ description: 'The same as `machineId`.' }),
    machineId: Type.String(),
    computerDnsName: NullableText,
    osKind: Type.Enum(AV_OS_KINDS),
    osPlatform: NullableText,
    osVersion: NullableText,
    avMode: Type.String({
      description: '`0` active, `1` passive, `2` disabled, `3` other, `4` EDR blocked, `5` passive audit.',
    }),
    avSignatureVersion: NullableText,
    avEngineVersion: NullableText,
    avPlatformVersion: Type.Null(),
    lastSeenTime: Type.String(),
    quickScanResult: Type.Enum(AV_SCAN_RESULTS),
    quickScanError: Type.String({
      description: 'An HRESULT as hex, such as `0x80004005`; empty where nothing went wrong.',
    }),
    quickScanTime: Type.Union([Type.String(), Type.Null()], {
      description: 'When the scan that `quickScanResult` speaks of ended; null before the first.',
    }),
    fullScanResult: Type.Enum(AV_SCAN_RESULTS),
    fullScanError: Type.String(),
    fullScanTime: NullableText,
    dataRefreshTimestamp: Type.String({
      description: 'When the machine last told of its engine, or a scan of it ended.',
    }),
    avEngineUpdateTime: Type.Null(),
    avSignatureUpdateTime: Type.Union([Type.String(), Type.Null()], {
      description:
        'When the server first heard of the signatures; null for those that the machine had when it was enrolled.',
    }),
    avPlatformUpdateTime: Type.Null(),
    avIsSignatureUpToDate: Type.Enum(FRESHNESSES),
    avIsEngineUpToDate: Type.Enum(FRESHNESSES),
    avIsPlatformUpToDate: Type.Enum(FRESHNESSES),
    avSignaturePublishTime: Type.Union([Type.String(), Type.Null()], {
      description: 'When their maker built the signatures.',
    }),
    rbacGroupName: NullableText,
    rbacGroupId: Type.Integer(),
  },
  { description: 'The antivirus engine of one machine, its signatures, and how its last scans ended.' },
)
export type DeviceAvInfo = Static<typeof DeviceAvInfo>
