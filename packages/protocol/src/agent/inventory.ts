import { type Static, Type } from 'typebox'
import { IpAddress } from '../api/machine.ts'
import { SignatureSet } from '../scan/signature-set.ts'

/**
 * How Microsoft Defender Antivirus runs beside other products; the words of `Get-MpComputerStatus`.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/microsoft-defender-antivirus-compatibility
 */
export const DEFENDER_MODES = [
  'Normal',
  'Passive Mode',
  'EDR Block Mode',
  'SxS Passive Mode',
  'Not running',
] as const
export type DefenderMode = (typeof DEFENDER_MODES)[number]

const Nullable = (maxLength: number) => Type.Union([Type.String({ maxLength }), Type.Null()])

export const ENGINE_STATES = ['ready', 'missing', 'noSignatures'] as const
export const ENGINE_LIVES = ['onDemand', 'resident', 'system'] as const

/** What a machine says of itself: at enrollment, on connecting, and whenever it changes. Never trusted for identity. */
export const Inventory = Type.Object({
  /** Fully qualified where the machine knows its domain. */
  computerDnsName: Type.String({ minLength: 1, maxLength: 255 }),
  osKind: Type.Union([Type.Literal('linux'), Type.Literal('macos'), Type.Literal('windows')]),
  /** As Defender names it: `Debian`, `Ubuntu`, `macOS`, `Windows11`, `WindowsServer2019`. */
  osPlatform: Type.String({ maxLength: 64 }),
  /** Such as "12.11" or "10.0". */
  osVersion: Nullable(64),
  /** Release name where there is one, such as "21H2", else `Other`. */
  version: Type.String({ maxLength: 64 }),
  osBuild: Type.Union([Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), Type.Null()]),
  /** `64-bit`, `32-bit` or `ARM64`. */
  osArchitecture: Type.String({ maxLength: 32 }),
  /** Such as `x64` or `arm64`. */
  osProcessor: Type.String({ maxLength: 32 }),
  agentVersion: Type.String({ maxLength: 64 }),
  ipAddresses: Type.Array(IpAddress, { maxItems: 64 }),
  engine: Type.Object({
    name: Type.String({ maxLength: 64 }),
    version: Nullable(64),
    /** `missing`: none installed, or none that can scan; `noSignatures`: it has nothing to compare with. */
    state: Type.Enum(ENGINE_STATES),
    /** Who keeps it running: `system` where it runs on the machine by itself. Absent from older agents. */
    life: Type.Optional(Type.Enum(ENGINE_LIVES)),
    signatures: Type.Union([SignatureSet, Type.Null()]),
    /** Of Microsoft Defender alone; absent where it has no name for how it runs. */
    mode: Type.Optional(Type.Enum(DEFENDER_MODES)),
  }),
  /** New at every start of the operating system. */
  bootId: Type.String({ minLength: 1, maxLength: 64 }),
  /** Hash of the operating system's own identity; stays the same across reinstallations of the agent. */
  osIdentity: Type.String({ pattern: '^[0-9a-f]{64}$' }),
})
export type Inventory = Static<typeof Inventory>
