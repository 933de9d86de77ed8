import type { Migration } from '../kit/db/migration.ts'

/** People, what their roles let them do, and which machines they reach. */
export const access: Migration = {
  id: 2,
  name: 'access',
  statements: ({ text, instant, integer }, dialect) => {
    const table = (name: string, columns: string) =>
      `CREATE TABLE ${name} (${columns})${dialect === 'sqlite' ? ' STRICT' : ''}`
    return [
      // Raised by every change of who may do what, so that a node notices with one small read.
      `ALTER TABLE tenant ADD COLUMN security_epoch ${integer} NOT NULL DEFAULT 0`,
      table(
        'user_account',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, user_principal_name ${text} NOT NULL,
         user_principal_name_lower ${text} NOT NULL, display_name ${text} NOT NULL, created_at ${instant} NOT NULL,
         disabled_at ${instant}, PRIMARY KEY (tenant, id),
         UNIQUE (tenant, user_principal_name_lower)`,
      ),
      'CREATE INDEX user_account_by_creation ON user_account (tenant, created_at DESC, id DESC)',
      table(
        'user_group',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, display_name ${text} NOT NULL, display_name_lower ${text} NOT NULL,
         description ${text} NOT NULL, external_id ${text}, created_at ${instant} NOT NULL, PRIMARY KEY (tenant, id),
         UNIQUE (tenant, display_name_lower), UNIQUE (tenant, external_id)`,
      ),
      'CREATE INDEX user_group_by_creation ON user_group (tenant, created_at DESC, id DESC)',
      table(
        'user_group_member',
        `tenant ${text} NOT NULL, user_group ${text} NOT NULL, member ${text} NOT NULL,
         PRIMARY KEY (tenant, user_group, member)`,
      ),
      'CREATE INDEX user_group_member_by_member ON user_group_member (tenant, member)',
      table(
        'access_role',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, display_name ${text} NOT NULL, display_name_lower ${text} NOT NULL,
         description ${text} NOT NULL, is_administrator ${integer} NOT NULL, created_at ${instant} NOT NULL,
         PRIMARY KEY (tenant, id), UNIQUE (tenant, display_name_lower)`,
      ),
      'CREATE INDEX access_role_by_creation ON access_role (tenant, created_at DESC, id DESC)',
      table(
        'role_permission',
        `tenant ${text} NOT NULL, role ${text} NOT NULL, permission ${text} NOT NULL,
         PRIMARY KEY (tenant, role, permission)`,
      ),
      table(
        'role_assignment',
        `tenant ${text} NOT NULL, role ${text} NOT NULL, user_group ${text} NOT NULL,
         PRIMARY KEY (tenant, role, user_group)`,
      ),
      'CREATE INDEX role_assignment_by_group ON role_assignment (tenant, user_group)',
      table(
        'device_group',
        `tenant ${text} NOT NULL, id ${integer} NOT NULL, display_name ${text} NOT NULL, display_name_lower ${text} NOT NULL,
         description ${text} NOT NULL, group_rank ${integer} NOT NULL, rules ${text} NOT NULL,
         remediation_level ${text} NOT NULL, created_at ${instant} NOT NULL, PRIMARY KEY (tenant, id),
         UNIQUE (tenant, display_name_lower)`,
      ),
      'CREATE INDEX device_group_by_rank ON device_group (tenant, group_rank)',
      // A group without a row here is open to everybody who has a role; 0 stands for the ungrouped machines.
      table(
        'device_group_access',
        `tenant ${text} NOT NULL, device_group ${integer} NOT NULL, user_group ${text} NOT NULL,
         PRIMARY KEY (tenant, device_group, user_group)`,
      ),
      // Ids are never given twice: what others noted as `rbacGroupId` keeps its meaning.
      table('device_group_sequence', `tenant ${text} PRIMARY KEY, last_id ${integer} NOT NULL`),
      `ALTER TABLE machine ADD COLUMN device_group ${integer} NOT NULL DEFAULT 0`,
      // The tags in lower case, a line each between line breaks: rules look for text in it, which JSON makes dear.
      `ALTER TABLE machine ADD COLUMN tags_lower ${text} NOT NULL DEFAULT ''`,
      'CREATE INDEX machine_by_device_group ON machine (tenant, device_group, last_seen DESC, id DESC)',
    ]
  },
}
