import { type Static, Type } from 'typebox'
import { PERMISSIONS } from '../api/permission.ts'
import { ROLE_PERMISSIONS } from '../api/role-permission.ts'
import { Guid } from '../ids.ts'

const NullableText = Type.Union([Type.String(), Type.Null()])
/** Unique among its kind where it is said so, then compared without case. */
export const DisplayName = Type.String({ minLength: 1, maxLength: 256, pattern: '^\\S(.*\\S)?$' })
export const Description = Type.String({ maxLength: 1_000 })
const Guids = Type.Array(Guid, { maxItems: 1_000 })

/**
 * What a person signs in with, such as `ada@contoso.example`; compared without case. ASCII alone: it is shown as
 * `requestor`, where two names that look the same must be the same.
 */
export const UserPrincipalName = Type.String({
  maxLength: 254,
  pattern:
    "^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$",
})

/** A person who may sign in. */
export const User = Type.Object({
  id: Guid,
  userPrincipalName: Type.String(),
  displayName: Type.String(),
  createdAt: Type.String(),
  disabledAt: Type.Union([Type.String(), Type.Null()], {
    description: 'Since when they may not sign in any more; null while they may.',
  }),
  userGroupIds: Type.Array(Type.String(), { description: 'The user groups that they are in.' }),
})
export type User = Static<typeof User>

export const UserList = Type.Object({ items: Type.Array(User), nextCursor: NullableText })

/** Body of `POST /fleet/v1/users`. */
export const CreateUserBody = Type.Object({
  userPrincipalName: UserPrincipalName,
  displayName: DisplayName,
  /** User groups to be in from the start. */
  userGroupIds: Type.Optional(Guids),
})
export type CreateUserBody = Static<typeof CreateUserBody>

/** Body of `PATCH /fleet/v1/users/{id}`; what is absent stays. */
export const ChangeUserBody = Type.Object({
  displayName: Type.Optional(DisplayName),
  disabled: Type.Optional(Type.Boolean()),
})
export type ChangeUserBody = Static<typeof ChangeUserBody>

/** A set of people that roles are given to, and that device groups name. */
export const UserGroup = Type.Object({
  id: Guid,
  displayName: Type.String(),
  description: Type.String(),
  externalId: Type.Union([Type.String(), Type.Null()], {
    description:
      'Object id of the group of an external directory that it stands for; null for one of our own alone.',
  }),
  createdAt: Type.String(),
})
export type UserGroup = Static<typeof UserGroup>

export const UserGroupList = Type.Object({ items: Type.Array(UserGroup), nextCursor: NullableText })

const ExternalId = Type.Union([Type.String({ minLength: 1, maxLength: 256, pattern: '^\\S+$' }), Type.Null()])

/** Body of `POST /fleet/v1/userGroups`. */
export const CreateUserGroupBody = Type.Object({
  displayName: DisplayName,
  description: Type.Optional(Description),
  externalId: Type.Optional(ExternalId),
})
export type CreateUserGroupBody = Static<typeof CreateUserGroupBody>

/** Body of `PATCH /fleet/v1/userGroups/{id}`; what is absent stays. */
export const ChangeUserGroupBody = Type.Partial(CreateUserGroupBody)
export type ChangeUserGroupBody = Static<typeof ChangeUserGroupBody>

/** What the people of its user groups may do. */
export const Role = Type.Object({
  id: Guid,
  displayName: Type.String(),
  description: Type.String(),
  isAdministrator: Type.Boolean({
    description: 'The built-in role, which may do everything on every machine: only its user groups change.',
  }),
  permissions: Type.Array(Type.Enum(ROLE_PERMISSIONS)),
  userGroupIds: Type.Array(Type.String(), { description: 'The user groups that it is assigned to.' }),
  createdAt: Type.String(),
})
export type Role = Static<typeof Role>

export const RoleList = Type.Object({ items: Type.Array(Role), nextCursor: NullableText })

/** Body of `POST /fleet/v1/roles`. */
export const CreateRoleBody = Type.Object({
  displayName: DisplayName,
  description: Type.Optional(Description),
  permissions: Type.Array(Type.Enum(ROLE_PERMISSIONS), { maxItems: ROLE_PERMISSIONS.length }),
  userGroupIds: Type.Optional(Guids),
})
export type CreateRoleBody = Static<typeof CreateRoleBody>

/** Body of `PATCH /fleet/v1/roles/{id}`; what is absent stays, a list that is there replaces the old one. */
export const ChangeRoleBody = Type.Partial(CreateRoleBody)
export type ChangeRoleBody = Static<typeof ChangeRoleBody>

/** Answer of `GET /fleet/v1/me`: whoever holds the token, and what they may do where. */
export const Me = Type.Object({
  kind: Type.Union([Type.Literal('application'), Type.Literal('user')]),
  id: Type.String(),
  name: Type.String({ description: 'Display name of an application, user principal name of a person.' }),
  tenant: Type.String(),
  permissions: Type.Array(Type.Enum(PERMISSIONS), {
    description:
      'What the application may do; of a person, what the program that they use may do in their name.',
  }),
  rolePermissions: Type.Union([Type.Array(Type.Enum(ROLE_PERMISSIONS)), Type.Null()], {
    description: 'What the roles of a person allow; null for an application, which no role binds.',
  }),
  reach: Type.Object({
    allMachines: Type.Boolean({
      description: 'True for whoever reaches every machine; `deviceGroups` is empty then.',
    }),
    deviceGroups: Type.Array(Type.Object({ id: Type.Integer(), displayName: Type.String() })),
  }),
})
export type Me = Static<typeof Me>
