export { losesLastAdministrator } from './administrators.ts'
export { addMemberWrite, removeMemberWrite } from './member-writes.ts'
export type { StoredUserGroup } from './user-group.ts'
export { type UserGroupService, userGroupService } from './user-group-service.ts'
export type { UserGroupStore } from './user-group-store.ts'
export { sqlUserGroupStore } from './user-group-store-sql.ts'
export type { UserGroupTables } from './user-group-tables.ts'
export {
  areUserGroupsKnown,
  changeUserGroupWrite,
  createUserGroupWrite,
  deleteUserGroupWrite,
} from './user-group-writes.ts'
