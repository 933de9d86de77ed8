import {
  type DeviceGroupId,
  type DeviceValue,
  type Instant,
  Inventory,
  IpAddress,
  type MachineId,
} from '@fleetsweep/protocol'
import { type Kysely, sql } from 'kysely'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { linesOf } from '../device-group/index.ts'
import type { StoredMachine } from './machine.ts'
import type { RiskScore } from './machine-risk.ts'

export type MachineTables = { machine: MachineRow }

/** A row with the name of its device group beside it: null for an ungrouped machine. */
export type NamedMachineRow = MachineRow & { device_group_name: string | null }

export type MachineRow = {
  tenant: string
  id: string
  public_key: string
  os_identity: string
  computer_dns_name: string
  computer_dns_name_lower: string
  aad_device_id: string | null
  os_kind: string
  os_platform: string
  os_version: string | null
  version: string
  os_build: number | null
  os_architecture: string
  os_processor: string
  agent_version: string
  last_ip_address: string | null
  last_external_ip_address: string | null
  engine: string
  ip_addresses: string
  tags: string
  tags_lower: string
  device_value: string
  device_group: number
  is_potential_duplication: number
  orders_held_because: string | null
  risk_score: string
  first_seen: number
  last_seen: number
}

const engineSchema = Compile(Inventory.properties.engine)
const addressesSchema = Compile(Type.Array(IpAddress))
const tagsSchema = Compile(Type.Array(Type.String()))

export function toMachine(row: NamedMachineRow): StoredMachine {
  return {
    id: row.id as MachineId,
    publicKey: row.public_key,
    osIdentity: row.os_identity,
    computerDnsName: row.computer_dns_name,
    aadDeviceId: row.aad_device_id,
    osKind: row.os_kind as StoredMachine['osKind'],
    osPlatform: row.os_platform,
    osVersion: row.os_version,
    version: row.version,
    osBuild: row.os_build,
    osArchitecture: row.os_architecture,
    osProcessor: row.os_processor,
    agentVersion: row.agent_version,
    lastIpAddress: row.last_ip_address,
    lastExternalIpAddress: row.last_external_ip_address,
    engine: engineSchema.Parse(JSON.parse(row.engine)),
    ipAddresses: addressesSchema.Parse(JSON.parse(row.ip_addresses)),
    tags: tagsSchema.Parse(JSON.parse(row.tags)),
    deviceValue: row.device_value as DeviceValue,
    deviceGroup: row.device_group as DeviceGroupId,
    deviceGroupName: row.device_group_name,
    isPotentialDuplication: row.is_potential_duplication === 1,
    ordersHeldBecause: row.orders_held_because,
    riskScore: row.risk_score as RiskScore,
    firstSeen: row.first_seen as Instant,
    lastSeen: row.last_seen as Instant,
  }
}

/** The name of the device group of a row of `machine`; null for an ungrouped one. */
export const DEVICE_GROUP_NAME = sql<
  string | null
>`(select display_name from device_group where device_group.tenant = machine.tenant and device_group.id = machine.device_group and device_group.id <> 0)`

/** Machines with the names of their device groups. */
export function namedMachines(db: Kysely<MachineTables>) {
  return db.selectFrom('machine').selectAll('machine').select(DEVICE_GROUP_NAME.as('device_group_name'))
}

/** The columns that hold tags: as they are, and as rules look for them. */
export function tagColumns(tags: readonly string[]): Pick<MachineRow, 'tags' | 'tags_lower'> {
  return { tags: JSON.stringify(tags), tags_lower: linesOf(tags) }
}

/** The columns that an inventory sets. `externalIp` is the address that the connection came from, as the server saw it. */
export function inventoryColumns(inventory: Inventory, externalIp: string | null) {
  const own = inventory.ipAddresses.find(({ type, operationalStatus }) => {
    return type !== 'SoftwareLoopback' && operationalStatus === 'Up'
  })
  return {
    os_identity: inventory.osIdentity,
    computer_dns_name: inventory.computerDnsName,
    computer_dns_name_lower: inventory.computerDnsName.toLowerCase(),
    os_kind: inventory.osKind,
    os_platform: inventory.osPlatform,
    os_version: inventory.osVersion,
    version: inventory.version,
    os_build: inventory.osBuild,
    os_architecture: inventory.osArchitecture,
    os_processor: inventory.osProcessor,
    agent_version: inventory.agentVersion,
    last_ip_address: own?.ipAddress ?? null,
    last_external_ip_address: externalIp,
    engine: JSON.stringify(inventory.engine),
    ip_addresses: JSON.stringify(inventory.ipAddresses),
  } satisfies Partial<MachineRow>
}
