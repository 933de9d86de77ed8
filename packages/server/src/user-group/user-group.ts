import type { Instant, UserGroupId } from '@fleetsweep/protocol'

/** A set of people that roles are given to, and that device groups name. */
export type StoredUserGroup = {
  id: UserGroupId
  displayName: string
  description: string
  /** Object id of the group of an external directory that it stands for. */
  externalId: string | null
  createdAt: Instant
}

export type NewUserGroup = Omit<StoredUserGroup, 'createdAt'>

/** What is absent stays. */
export type UserGroupChange = Partial<Omit<NewUserGroup, 'id'>>
