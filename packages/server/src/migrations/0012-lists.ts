import type { Migration } from '../kit/db/migration.ts'

/** What clients filter and order lists by, for a fleet of 100,000 machines and a million actions. */
export const lists: Migration = {
  id: 12,
  name: 'lists',
  statements: (_, dialect) => [
    'CREATE INDEX machine_action_by_requestor ON machine_action (tenant, requestor_lower, created_at DESC, id DESC)',
    'CREATE INDEX machine_action_by_name ON machine_action (tenant, computer_dns_name_lower, created_at DESC, id DESC)',
    'CREATE INDEX machine_action_by_external_id ON machine_action (tenant, external_id, created_at DESC, id DESC) WHERE external_id IS NOT NULL',
    'DROP INDEX machine_by_name',
    'CREATE INDEX machine_by_name ON machine (tenant, computer_dns_name_lower, id)',
    'CREATE INDEX machine_by_platform ON machine (tenant, lower(os_platform), last_seen DESC, id DESC)',
    'CREATE INDEX machine_by_ip ON machine (tenant, last_ip_address)',
    ...(dialect === 'sqlite' ? SQLITE : []),
  ],
}

/**
 * SQLite knows nothing of its tables but what it was told, and takes a tenant for a few rows: it would walk all machines
 * in their order to find the one with a name. So it is told once, of a large fleet, and plans alike whatever is in there.
 *
 * Each line is an index with its rows, and with how many of them share its first column, its first two, and so on. A line
 * goes with its index: a later step that makes an index anew says its line again.
 *
 * @see https://www.sqlite.org/fileformat2.html#stat1tab
 */
const STATISTICS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  machine: {
    sqlite_autoindex_machine_1: '100000 100000 1',
    sqlite_autoindex_machine_2: '100000 100000 1',
    machine_by_os_identity: '100000 100000 1',
    machine_by_name: '100000 100000 2 1',
    machine_by_last_seen: '100000 100000 2 1 1 1 1 1 1 1 1',
    machine_by_aad_device: '100000 100000 2',
    machine_by_device_group: '100000 100000 5000 1 1',
    machine_by_risk: '100000 100000 20000 1 1',
    machine_by_platform: '100000 100000 15000 1 1',
    machine_by_ip: '100000 100000 2',
  },
  machine_action: {
    sqlite_autoindex_machine_action_1: '1000000 1000000 1',
    machine_action_by_creation: '1000000 1000000 1 1',
    machine_action_by_update: '1000000 1000000 1 1',
    machine_action_by_status: '1000000 1000000 150000 1 1',
    machine_action_by_machine: '1000000 1000000 10 1 1',
    machine_action_by_requestor: '1000000 1000000 20000 1 1',
    machine_action_by_name: '1000000 1000000 10 1 1',
    machine_action_by_external_id: '300000 300000 2 1 1',
    machine_action_open: '10000 1',
  },
  alert: {
    sqlite_autoindex_alert_1: '100000 100000 1',
    alert_by_creation: '100000 100000 1 1',
    alert_by_update: '100000 100000 1 1',
    alert_by_last_event: '100000 100000 1 1',
    alert_by_status: '100000 100000 30000 1 1',
    alert_by_severity: '100000 100000 30000 1 1',
    alert_by_machine: '100000 100000 5 1 1',
  },
}

const SQLITE = [
  // What filters look at stands behind the key: a filter that fits few is then a walk through one narrow index, and the
  // machines themselves, which are wide, are not read. PostgreSQL reads them in any case.
  'DROP INDEX machine_by_last_seen',
  `CREATE INDEX machine_by_last_seen ON machine (tenant, last_seen DESC, id DESC, device_group, computer_dns_name_lower,
     os_platform, os_version, version, device_value, tags)`,
  // Makes the table of statistics.
  'ANALYZE server_setting',
  ...Object.entries(STATISTICS).flatMap(([table, indexes]) =>
    Object.entries(indexes).map(
      ([index, numbers]) =>
        `INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('${table}', '${index}', '${numbers}')`,
    ),
  ),
]
