/** Who may read machines. */
export const READ_MACHINES = {
  permission: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  role: ['ViewData'],
} as const

/**
 * Who may tag and value machines.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/add-or-remove-machine-tags
 */
export const MANAGE_MACHINES = {
  permission: ['Machine.ReadWrite.All'],
  role: ['ManageSecuritySettings'],
} as const
