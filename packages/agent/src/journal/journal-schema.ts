/** Increased with every change below; a journal of another version is refused. */
export const JOURNAL_VERSION = 3

/**
 * What happened (`action.state`) and whether it was told (`event.acked`) are two things, never one.
 *
 * | state | meaning |
 * | --- | --- |
 * | waiting | accepted, or interrupted: its turn is to come |
 * | running | an attempt has begun; found at start, the agent was killed in it |
 * | ended | its ending is among its events |
 */
export const JOURNAL_SCHEMA = `
CREATE TABLE journal_owner (owner TEXT NOT NULL) STRICT;

CREATE TABLE action (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  action_id TEXT NOT NULL UNIQUE,
  -- As received; null where only a stop order came.
  order_text TEXT,
  verb TEXT NOT NULL DEFAULT 'scan',
  -- Who asked: 'server' or 'local'. Of a local action nothing is ever told, so it has no events.
  origin TEXT NOT NULL DEFAULT 'server',
  scan_type TEXT,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'ended')),
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Attempts that the agent did not live to close.
  crashes INTEGER NOT NULL DEFAULT 0,
  -- Proof that the last attempt's engine works no more; null before the first and during one.
  proof TEXT,
  stop_requested_at INTEGER,
  last_event INTEGER NOT NULL DEFAULT 0,
  ended_at INTEGER,
  ending TEXT,
  sentence TEXT
) STRICT;

CREATE TABLE event (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  action_id TEXT NOT NULL REFERENCES action (action_id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  body TEXT NOT NULL,
  acked INTEGER NOT NULL DEFAULT 0,
  UNIQUE (action_id, number)
) STRICT;

CREATE INDEX event_unacked ON event (position) WHERE acked = 0;

-- Actions told to the end: none of them runs again, whatever is ordered.
CREATE TABLE ended_action (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  action_id TEXT NOT NULL UNIQUE,
  verb TEXT NOT NULL DEFAULT 'scan',
  origin TEXT NOT NULL DEFAULT 'server',
  scan_type TEXT,
  attempts INTEGER NOT NULL,
  last_event INTEGER NOT NULL,
  -- The last event; null where it is too old to keep.
  body TEXT,
  ended_at INTEGER,
  ending TEXT,
  sentence TEXT
) STRICT;
`

/**
 * Steps from one version to the next, each run in one transaction. SQLite cannot drop a CHECK, and rebuilding a table
 * that others refer to would take their rows along; so the column of version 1 gives way to a new one.
 */
export const JOURNAL_UPGRADES: Readonly<Record<number, string>> = {
  1: `
ALTER TABLE action ADD COLUMN verb TEXT NOT NULL DEFAULT 'scan';
ALTER TABLE action RENAME COLUMN scan_type TO scan_type_1;
ALTER TABLE action ADD COLUMN scan_type TEXT;
UPDATE action SET scan_type = scan_type_1, scan_type_1 = NULL;
ALTER TABLE ended_action ADD COLUMN verb TEXT NOT NULL DEFAULT 'scan';
`,
  2: `
ALTER TABLE action ADD COLUMN origin TEXT NOT NULL DEFAULT 'server';
ALTER TABLE ended_action ADD COLUMN origin TEXT NOT NULL DEFAULT 'server';
`,
}
