import type { Migration } from '../kit/db/migration.ts'

/**
 * How Microsoft Defender runs on each machine, which its `avMode` goes by. The view is made again because PostgreSQL
 * keeps the columns that a view had when it was made.
 */
export const defenderMode: Migration = {
  id: 16,
  name: 'defender mode',
  statements: ({ text }, dialect) => [
    'DROP VIEW device_antivirus',
    `ALTER TABLE antivirus_info ADD COLUMN engine_mode ${text}`,
    // `avMode` is filtered by, so its column stands behind the key as well, where SQLite walks the index alone.
    ...(dialect === 'sqlite'
      ? [
          'DROP INDEX antivirus_info_by_refresh',
          `CREATE INDEX antivirus_info_by_refresh ON antivirus_info (tenant, refreshed_at DESC, machine DESC,
             engine_state, engine_mode, signatures_official, signatures_built_at, quick_scan_result, full_scan_result, os_kind, os_platform)`,
        ]
      : []),
    `CREATE VIEW device_antivirus AS SELECT antivirus_info.*, machine.computer_dns_name, machine.computer_dns_name_lower,
       machine.last_seen, machine.device_group,
       device_group.display_name AS device_group_name
       FROM antivirus_info JOIN machine ON machine.tenant = antivirus_info.tenant AND machine.id = antivirus_info.machine
       LEFT JOIN device_group ON device_group.tenant = machine.tenant AND device_group.id = machine.device_group
         AND device_group.id <> 0`,
  ],
}
