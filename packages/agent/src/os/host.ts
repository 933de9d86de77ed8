import type { Inventory } from '@fleetsweep/protocol'

export type Environment = Readonly<Record<string, string | undefined>>

/** Something that the operating system holds that tells this machine from all others. */
export const OS_IDENTITY_SOURCES = [
  'machineId',
  'productUuid',
  'platformUuid',
  'networkAddress',
  'hostName',
] as const
export type OsIdentitySource = (typeof OS_IDENTITY_SOURCES)[number]

/** The operating system's own identity, hashed, and what it was made of: not every user may read everything. */
export type OsIdentity = { hash: string; sources: OsIdentitySource[] }

/** What the operating system says about the machine. */
export type OsInventory = Pick<
  Inventory,
  | 'computerDnsName'
  | 'osKind'
  | 'osPlatform'
  | 'osVersion'
  | 'version'
  | 'osBuild'
  | 'osArchitecture'
  | 'osProcessor'
  | 'ipAddresses'
>

/** The machine that the agent runs on, as far as the agent needs to know it. */
export interface Host {
  /** True when the agent may do everything here. */
  readonly isRoot: boolean
  /** New at every start of the operating system. */
  bootId(): Promise<string>
  /**
   * @param sources use just these; without it, all that can be read
   * @returns `undefined` when one of `sources`, or without it every one, cannot be read
   */
  osIdentity(sources?: readonly OsIdentitySource[]): Promise<OsIdentity | undefined>
  inventory(): Promise<OsInventory>
  /**
   * Makes sure that nobody but administrators can change what lies in a folder of the agent's, and makes it where it is
   * not there. Absent where the system's own folders see to that.
   *
   * @throws Error with a sentence when somebody else can
   */
  guardFolder?(folder: string): Promise<void>
}
