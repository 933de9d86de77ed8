/** People as they stand in the database. */
export type UserTables = { user_account: UserRow }

export type UserRow = {
  tenant: string
  id: string
  user_principal_name: string
  user_principal_name_lower: string
  display_name: string
  created_at: number
  disabled_at: number | null
}
