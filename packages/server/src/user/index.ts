export type { StoredUser, UserAccess } from './user.ts'
export type { NewUser, UserStore } from './user-store.ts'
export { createUserWrite, sqlUserStore } from './user-store-sql.ts'
