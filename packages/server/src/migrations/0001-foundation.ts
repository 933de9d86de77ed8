import type { Migration } from '../kit/db/migration.ts'

/** Every table leads its keys with the tenant, so that no query can reach across by forgetting a condition. */
export const foundation: Migration = {
  id: 1,
  name: 'foundation',
  statements: ({ text, instant, integer }, dialect) => {
    const table = (name: string, columns: string) =>
      `CREATE TABLE ${name} (${columns})${dialect === 'sqlite' ? ' STRICT' : ''}`
    return [
      table('server_setting', `name ${text} PRIMARY KEY, value ${text} NOT NULL`),
      table(
        'tenant',
        `tenant ${text} PRIMARY KEY, domain ${text} NOT NULL UNIQUE, display_name ${text} NOT NULL, created_at ${instant} NOT NULL`,
      ),
      table(
        'application',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, display_name ${text} NOT NULL, created_at ${instant} NOT NULL,
         limit_per_minute ${integer}, limit_per_hour ${integer}, PRIMARY KEY (tenant, id)`,
      ),
      table(
        'application_secret',
        `tenant ${text} NOT NULL, application ${text} NOT NULL, id ${text} NOT NULL, secret_hash ${text} NOT NULL,
         hint ${text} NOT NULL, created_at ${instant} NOT NULL, expires_at ${instant}, revoked_at ${instant},
         PRIMARY KEY (tenant, application, id)`,
      ),
      table(
        'application_permission',
        `tenant ${text} NOT NULL, application ${text} NOT NULL, permission ${text} NOT NULL,
         PRIMARY KEY (tenant, application, permission)`,
      ),
      table(
        'signing_key',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, purpose ${text} NOT NULL, sequence ${integer} NOT NULL,
         public_key ${text} NOT NULL, sealed_private_key ${text} NOT NULL, announcement ${text},
         created_at ${instant} NOT NULL, retired_at ${instant}, PRIMARY KEY (tenant, id),
         UNIQUE (tenant, purpose, sequence)`,
      ),
      table(
        'enrollment_token',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, secret_hash ${text} NOT NULL, description ${text} NOT NULL,
         created_at ${instant} NOT NULL, created_by ${text} NOT NULL, expires_at ${instant} NOT NULL, revoked_at ${instant},
         max_uses ${integer} NOT NULL, uses ${integer} NOT NULL, tags ${text} NOT NULL, replace_machine ${text},
         PRIMARY KEY (tenant, id)`,
      ),
      table(
        'enrollment_use',
        `tenant ${text} NOT NULL, token ${text} NOT NULL, public_key ${text} NOT NULL, machine ${text} NOT NULL,
         outcome ${text} NOT NULL, used_at ${instant} NOT NULL, PRIMARY KEY (tenant, token, public_key)`,
      ),
      table(
        'machine',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, public_key ${text} NOT NULL, os_identity ${text} NOT NULL,
         computer_dns_name ${text} NOT NULL, computer_dns_name_lower ${text} NOT NULL, aad_device_id ${text},
         os_kind ${text} NOT NULL, os_platform ${text} NOT NULL, os_version ${text}, version ${text} NOT NULL,
         os_build ${integer}, os_architecture ${text} NOT NULL, os_processor ${text} NOT NULL, agent_version ${text} NOT NULL,
         last_ip_address ${text}, last_external_ip_address ${text}, engine ${text} NOT NULL, ip_addresses ${text} NOT NULL,
         tags ${text} NOT NULL, is_potential_duplication ${integer} NOT NULL, orders_held_because ${text},
         first_seen ${instant} NOT NULL, last_seen ${instant} NOT NULL, PRIMARY KEY (tenant, id),
         UNIQUE (tenant, public_key)`,
      ),
      'CREATE INDEX machine_by_os_identity ON machine (tenant, os_identity)',
      'CREATE INDEX machine_by_name ON machine (tenant, computer_dns_name_lower)',
      'CREATE INDEX machine_by_last_seen ON machine (tenant, last_seen DESC, id DESC)',
      'CREATE INDEX machine_by_aad_device ON machine (tenant, aad_device_id)',
      table(
        'machine_action',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, type ${text} NOT NULL, machine ${text} NOT NULL,
         computer_dns_name ${text} NOT NULL, computer_dns_name_lower ${text} NOT NULL, requestor ${text} NOT NULL, requestor_lower ${text} NOT NULL,
         requestor_comment ${text} NOT NULL, status ${text} NOT NULL, scope ${text} NOT NULL, external_id ${text},
         request_source ${text} NOT NULL, created_at ${instant} NOT NULL, updated_at ${instant} NOT NULL,
         cancellation_requestor ${text}, cancellation_comment ${text}, cancelled_at ${instant},
         error_hresult ${integer} NOT NULL, troubleshoot_info ${text}, expires_at ${instant} NOT NULL,
         PRIMARY KEY (tenant, id)`,
      ),
      'CREATE INDEX machine_action_by_creation ON machine_action (tenant, created_at DESC, id DESC)',
      'CREATE INDEX machine_action_by_update ON machine_action (tenant, updated_at DESC, id DESC)',
      'CREATE INDEX machine_action_by_status ON machine_action (tenant, status, created_at DESC, id DESC)',
      'CREATE INDEX machine_action_by_machine ON machine_action (tenant, machine, created_at DESC, id DESC)',
      `CREATE INDEX machine_action_open ON machine_action (expires_at) WHERE status IN ('Pending', 'InProgress')`,
      table(
        'active_action',
        `tenant ${text} NOT NULL, machine ${text} NOT NULL, type ${text} NOT NULL, action ${text} NOT NULL,
         PRIMARY KEY (tenant, machine, type)`,
      ),
      table(
        'scan',
        `tenant ${text} NOT NULL, action ${text} NOT NULL, machine ${text} NOT NULL, attempts ${integer} NOT NULL,
         last_event ${integer} NOT NULL, accepted_at ${instant}, started_at ${instant}, ended_at ${instant},
         progress ${text}, report ${text}, reported_late ${integer} NOT NULL, absences ${integer} NOT NULL,
         stop_ordered_at ${instant}, stop_proven_at ${instant}, stop_proof ${text}, stopped_within_ms ${integer},
         PRIMARY KEY (tenant, action)`,
      ),
      'CREATE INDEX scan_owing_stop ON scan (tenant, machine) WHERE stop_ordered_at IS NOT NULL AND stop_proven_at IS NULL',
      table(
        'detection',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, action ${text} NOT NULL, machine ${text} NOT NULL,
         attempt ${integer} NOT NULL, detected_at ${instant} NOT NULL, body ${text} NOT NULL, PRIMARY KEY (tenant, id)`,
      ),
      'CREATE INDEX detection_by_time ON detection (tenant, detected_at DESC, id DESC)',
      'CREATE INDEX detection_by_action ON detection (tenant, action, detected_at DESC, id DESC)',
      'CREATE INDEX detection_by_machine ON detection (tenant, machine, detected_at DESC, id DESC)',
      table(
        'audit_entry',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, at ${instant} NOT NULL, principal_kind ${text} NOT NULL,
         principal_id ${text} NOT NULL, principal_name ${text} NOT NULL, operation ${text} NOT NULL,
         target ${text} NOT NULL, detail ${text} NOT NULL, position ${integer}, hash ${text}, PRIMARY KEY (tenant, id)`,
      ),
      // The sealer takes what has no position yet, oldest first.
      'CREATE INDEX audit_entry_unsealed ON audit_entry (tenant, at, id) WHERE position IS NULL',
    ]
  },
}
