/** Roles as they stand in the database. */
export type RoleTables = {
  access_role: RoleRow
  role_permission: { tenant: string; role: string; permission: string }
  role_assignment: { tenant: string; role: string; user_group: string }
}

export type RoleRow = {
  tenant: string
  id: string
  display_name: string
  display_name_lower: string
  description: string
  is_administrator: number
  created_at: number
}
