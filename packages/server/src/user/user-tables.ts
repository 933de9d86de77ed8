/** People, their groups and roles, as they stand in the database. */
export type UserTables = {
  user_account: UserRow
  user_group_member: { tenant: string; user_group: string; member: string }
  user_group: { tenant: string; id: string; external_id: string | null }
  access_role: { tenant: string; id: string; is_administrator: number }
  role_permission: { tenant: string; role: string; permission: string }
  role_assignment: { tenant: string; role: string; user_group: string }
  device_group: { tenant: string; id: number }
  device_group_access: { tenant: string; device_group: number; user_group: string }
}

export type UserRow = {
  tenant: string
  id: string
  user_principal_name: string
  user_principal_name_lower: string
  display_name: string
  created_at: number
  disabled_at: number | null
}
