import type { Migration } from '../kit/db/migration.ts'
import { foundation } from './0001-foundation.ts'
import { access } from './0002-access.ts'
import { signIn } from './0003-sign-in.ts'
import { credentials } from './0004-credentials.ts'
import { auditSeal } from './0005-audit-seal.ts'
import { callCounts } from './0006-call-counts.ts'
import { machines } from './0008-machines.ts'
import { alerts } from './0009-alerts.ts'
import { antivirusInfo } from './0010-antivirus-info.ts'
import { webhooks } from './0011-webhooks.ts'
import { lists } from './0012-lists.ts'
import { scanPolicies } from './0013-scan-policies.ts'
import { machineTasks } from './0014-machine-tasks.ts'
import { defenderMode } from './0016-defender-mode.ts'
import { scanCheckpoints } from './0018-scan-checkpoints.ts'

/** The schema, step by step; a released step never changes. */
export const migrations: readonly Migration[] = [
  foundation,
  access,
  signIn,
  credentials,
  auditSeal,
  callCounts,
  machines,
  alerts,
  antivirusInfo,
  webhooks,
  lists,
  scanPolicies,
  machineTasks,
  defenderMode,
  scanCheckpoints,
]
