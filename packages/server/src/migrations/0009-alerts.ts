import type { Migration } from '../kit/db/migration.ts'

/** What was found becomes an alert, and decides how much at risk a machine is. */
export const alerts: Migration = {
  id: 9,
  name: 'alerts',
  statements: ({ text, instant, integer }, dialect) => {
    const table = (name: string, columns: string) =>
      `CREATE TABLE ${name} (${columns})${dialect === 'sqlite' ? ' STRICT' : ''}`
    return [
      table(
        'alert',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, incident ${integer} NOT NULL, machine ${text} NOT NULL,
         computer_dns_name ${text} NOT NULL, computer_dns_name_lower ${text} NOT NULL, open_key ${text} NOT NULL,
         threat_name ${text} NOT NULL, threat_name_lower ${text} NOT NULL, threat_family ${text} NOT NULL, threat_family_lower ${text} NOT NULL,
         sha256 ${text}, title ${text} NOT NULL, title_lower ${text} NOT NULL, severity ${text} NOT NULL, status ${text} NOT NULL,
         assigned_to ${text}, assigned_to_lower ${text}, classification ${text}, determination ${text},
         created_at ${instant} NOT NULL, last_event_at ${instant} NOT NULL, updated_at ${instant} NOT NULL,
         resolved_at ${instant}, comments ${text} NOT NULL, places ${integer} NOT NULL, more_places ${integer} NOT NULL,
         last_path ${text} NOT NULL, last_owner ${text}, last_disposition ${text} NOT NULL, PRIMARY KEY (tenant, id)`,
      ),
      'CREATE INDEX alert_by_creation ON alert (tenant, created_at DESC, id DESC)',
      'CREATE INDEX alert_by_update ON alert (tenant, updated_at DESC, id DESC)',
      'CREATE INDEX alert_by_last_event ON alert (tenant, last_event_at DESC, id DESC)',
      'CREATE INDEX alert_by_status ON alert (tenant, status, created_at DESC, id DESC)',
      'CREATE INDEX alert_by_severity ON alert (tenant, severity, created_at DESC, id DESC)',
      'CREATE INDEX alert_by_machine ON alert (tenant, machine, created_at DESC, id DESC)',
      // Whatever the race, one threat in one file of one machine has one alert that is open.
      table(
        'open_alert',
        `tenant ${text} NOT NULL, open_key ${text} NOT NULL, alert ${text} NOT NULL, PRIMARY KEY (tenant, open_key)`,
      ),
      table(
        'alert_place',
        `tenant ${text} NOT NULL, alert ${text} NOT NULL, place ${text} NOT NULL, path ${text} NOT NULL, owner ${text},
         disposition ${text} NOT NULL, first_at ${instant} NOT NULL, last_at ${instant} NOT NULL,
         PRIMARY KEY (tenant, alert, place)`,
      ),
      table('incident_sequence', `tenant ${text} PRIMARY KEY, last_id ${integer} NOT NULL`),
      // Null for what was found before there were alerts.
      `ALTER TABLE detection ADD COLUMN alert ${text}`,
      // The highest severity of the machine's open alerts.
      `ALTER TABLE machine ADD COLUMN risk_score ${text} NOT NULL DEFAULT 'None'`,
      'CREATE INDEX machine_by_risk ON machine (tenant, risk_score, last_seen DESC, id DESC)',
    ]
  },
}
