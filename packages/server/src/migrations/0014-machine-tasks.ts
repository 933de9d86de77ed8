import type { Migration } from '../kit/db/migration.ts'

/** What machines are asked for beside scans, and the files that they say they keep in quarantine. */
export const machineTasks: Migration = {
  id: 14,
  name: 'machine tasks',
  statements: ({ text, instant, integer }, dialect) => {
    const table = (name: string, columns: string) =>
      `CREATE TABLE ${name} (${columns})${dialect === 'sqlite' ? ' STRICT' : ''}`
    return [
      table(
        'machine_task',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, machine ${text} NOT NULL, computer_dns_name ${text} NOT NULL,
         verb ${text} NOT NULL, subject ${text} NOT NULL, asked ${text} NOT NULL, status ${text} NOT NULL,
         requestor ${text} NOT NULL, comment ${text} NOT NULL, created_at ${instant} NOT NULL,
         updated_at ${instant} NOT NULL, ended_at ${instant}, expires_at ${instant} NOT NULL,
         last_event ${integer} NOT NULL, absences ${integer} NOT NULL, quarantine_id ${text}, sentence ${text},
         reported_late ${integer} NOT NULL, PRIMARY KEY (tenant, id)`,
      ),
      'CREATE INDEX machine_task_by_machine ON machine_task (tenant, machine, created_at DESC, id DESC)',
      // One open task for each thing that can be done; also what every heartbeat of a machine looks through.
      `CREATE UNIQUE INDEX machine_task_open ON machine_task (tenant, machine, verb, subject)
         WHERE status IN ('Pending', 'InProgress')`,
      `CREATE INDEX machine_task_due ON machine_task (expires_at) WHERE status IN ('Pending', 'InProgress')`,
      table(
        'quarantined_file',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, machine ${text} NOT NULL, detection ${text},
         cause ${text} NOT NULL, state ${text} NOT NULL, path ${text} NOT NULL, threat_name ${text} NOT NULL,
         sha256 ${text}, size_bytes ${integer} NOT NULL, quarantined_at ${instant} NOT NULL,
         restored_at ${instant}, failure ${text}, PRIMARY KEY (tenant, id)`,
      ),
      'CREATE INDEX quarantined_file_by_time ON quarantined_file (tenant, quarantined_at DESC, id DESC)',
      'CREATE INDEX quarantined_file_by_machine ON quarantined_file (tenant, machine, quarantined_at DESC, id DESC)',
      'CREATE INDEX quarantined_file_by_state ON quarantined_file (tenant, state, quarantined_at DESC, id DESC)',
      'CREATE INDEX quarantined_file_by_detection ON quarantined_file (tenant, detection)',
    ]
  },
}
