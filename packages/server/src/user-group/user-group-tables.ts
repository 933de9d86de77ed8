/** User groups as they stand in the database. */
export type UserGroupTables = {
  user_group: UserGroupRow
  user_group_member: { tenant: string; user_group: string; member: string }
}

export type UserGroupRow = {
  tenant: string
  id: string
  display_name: string
  display_name_lower: string
  description: string
  external_id: string | null
  created_at: number
}
