import type { Migration } from '../kit/db/migration.ts'

/**
 * The engine and the last scans of each machine, in a table of their own: narrow enough to be walked by a filter, and
 * untouched by heartbeats. What the same inventory says of the system stands in it too, so that such a walk need not
 * look at the machines. When the signatures were built is known of a machine from its next word on: what it says is
 * parsed by the server, not by SQL.
 */
export const antivirusInfo: Migration = {
  id: 10,
  name: 'antivirus-info',
  statements: ({ text, instant, integer }, dialect) => {
    const json = JSON_OF[dialect]
    return [
      `CREATE TABLE antivirus_info (tenant ${text} NOT NULL, machine ${text} NOT NULL, refreshed_at ${instant} NOT NULL,
         os_kind ${text} NOT NULL, os_platform ${text} NOT NULL, os_version ${text}, engine_state ${text} NOT NULL, engine_version ${text}, signature_identity ${text}, signature_version ${text},
         signatures_official ${integer}, signatures_built_at ${instant}, signatures_changed_at ${instant},
         quick_scan_result ${text} NOT NULL DEFAULT '', quick_scan_error ${text} NOT NULL DEFAULT '', quick_scan_ended_at ${instant},
         full_scan_result ${text} NOT NULL DEFAULT '', full_scan_error ${text} NOT NULL DEFAULT '', full_scan_ended_at ${instant},
         PRIMARY KEY (tenant, machine))${dialect === 'sqlite' ? ' STRICT' : ''}`,
      `CREATE INDEX antivirus_info_by_refresh ON antivirus_info (tenant, refreshed_at DESC, machine DESC${FILTERED[dialect]})`,
      `INSERT INTO antivirus_info (tenant, machine, refreshed_at, os_kind, os_platform, os_version, engine_state, engine_version, signature_identity, signature_version, signatures_official)
         SELECT tenant, id, last_seen, os_kind, os_platform, os_version, ${json.text('state')}, ${json.text('version')}, ${json.text('signatures', 'identity')},
           ${json.text('signatures', 'version')}, ${json.boolean('signatures', 'official')} FROM machine`,
      ...(['Quick', 'Full'] as const).map(lastScans),
      `CREATE VIEW device_antivirus AS SELECT antivirus_info.*, machine.computer_dns_name, machine.computer_dns_name_lower,
         machine.last_seen, machine.device_group,
         device_group.display_name AS device_group_name
         FROM antivirus_info JOIN machine ON machine.tenant = antivirus_info.tenant AND machine.id = antivirus_info.machine
         LEFT JOIN device_group ON device_group.tenant = machine.tenant AND device_group.id = machine.device_group
           AND device_group.id <> 0`,
    ]
  },
}

/** With what clients filter by behind its key, SQLite walks the index alone for a filter that fits few; PostgreSQL gains nothing. */
const FILTERED = {
  sqlite:
    ', engine_state, signatures_official, signatures_built_at, quick_scan_result, full_scan_result, os_kind, os_platform',
  postgres: '',
} as const

const JSON_OF = {
  sqlite: {
    text: (...path: string[]) => `json_extract(engine, '$.${path.join('.')}')`,
    boolean: (...path: string[]) => `json_extract(engine, '$.${path.join('.')}')`,
  },
  postgres: {
    text: (...path: string[]) => `engine::json #>> '{${path.join(',')}}'`,
    boolean: (...path: string[]) => `(engine::json #>> '{${path.join(',')}}')::boolean::int`,
  },
}

/** The last scan of a type that each machine took and that has ended. A started one is told by its record alone. */
function lastScans(scanType: 'Quick' | 'Full'): string {
  const prefix = scanType.toLowerCase()
  return `UPDATE antivirus_info SET
      ${prefix}_scan_result = CASE ended.status WHEN 'Succeeded' THEN 'Completed' WHEN 'Cancelled' THEN 'Canceled' ELSE 'Failed' END,
      ${prefix}_scan_error = CASE ended.error_hresult WHEN 0 THEN '' WHEN -2147467260 THEN '0x80004004'
        WHEN -2145844840 THEN '0x80190198' ELSE '0x80004005' END,
      ${prefix}_scan_ended_at = ended.updated_at
    FROM (SELECT machine_action.tenant, machine_action.machine, status, error_hresult, updated_at,
        row_number() OVER (PARTITION BY machine_action.tenant, machine_action.machine ORDER BY updated_at DESC, id DESC) AS place
      FROM machine_action JOIN scan ON scan.tenant = machine_action.tenant AND scan.action = machine_action.id
      WHERE scope = '${scanType}' AND accepted_at IS NOT NULL AND status IN ('Succeeded', 'Failed', 'TimeOut', 'Cancelled')) AS ended
    WHERE ended.place = 1 AND antivirus_info.tenant = ended.tenant AND antivirus_info.machine = ended.machine`
}
