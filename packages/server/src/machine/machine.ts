import type { DeviceGroupId, DeviceValue, Instant, Inventory, MachineId } from '@fleetsweep/protocol'
import type { RiskScore } from './machine-risk.ts'

/** An enrolled device as the server keeps it. */
export type StoredMachine = {
  id: MachineId
  /** Raw Ed25519, base64: the machine's identity. */
  publicKey: string
  osIdentity: string
  computerDnsName: string
  aadDeviceId: string | null
  osKind: Inventory['osKind']
  osPlatform: string
  osVersion: string | null
  version: string
  osBuild: number | null
  osArchitecture: string
  osProcessor: string
  agentVersion: string
  lastIpAddress: string | null
  lastExternalIpAddress: string | null
  engine: Inventory['engine']
  ipAddresses: Inventory['ipAddresses']
  tags: string[]
  deviceValue: DeviceValue
  /** The device group that it is in; `UNGROUPED` when no rule matches. */
  deviceGroup: DeviceGroupId
  /** Null when it is ungrouped. */
  deviceGroupName: string | null
  isPotentialDuplication: boolean
  /** Why this machine gets no orders, such as a copied key; null when it does. */
  ordersHeldBecause: string | null
  /** The highest severity of its open alerts. */
  riskScore: RiskScore
  firstSeen: Instant
  lastSeen: Instant
}
