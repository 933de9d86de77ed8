import { AV_MODES, AV_OS_KINDS, AV_SCAN_RESULTS, FRESHNESSES, type Instant } from '@fleetsweep/protocol'
import { sql } from 'kysely'
import { field, odataFields, type RowSource } from '../kit/odata/index.ts'
import { AV_MODE_OF, oldBefore } from './antivirus-info.ts'

/** What antivirus info can be filtered and ordered by, on either database. `now` decides which signatures are old. */
export function antivirusInfoSource(now: Instant): RowSource {
  return {
    order: { field: 'dataRefreshTimestamp', direction: 'desc' },
    id: 'machineId',
    fields: odataFields({
      machineId: field.id('machine'),
      computerDnsName: field.text('computer_dns_name', { lower: 'computer_dns_name_lower' }),
      osKind: field.word(sql`case os_kind when 'macos' then 'mac' else os_kind end`, AV_OS_KINDS),
      osPlatform: field.asciiText('os_platform'),
      osVersion: field.text('os_version', { nullable: true }),
      // Callers write the digit with quotes and without.
      avMode: field.id(AV_MODE),
      avSignatureVersion: field.text('signature_version', { nullable: true }),
      avEngineVersion: field.text('engine_version', { nullable: true }),
      avPlatformVersion: field.nothing,
      lastSeenTime: field.instant('last_seen'),
      quickScanResult: field.word('quick_scan_result', AV_SCAN_RESULTS),
      quickScanError: field.text('quick_scan_error', { lower: 'quick_scan_error' }),
      quickScanTime: field.instant('quick_scan_ended_at', { nullable: true }),
      fullScanResult: field.word('full_scan_result', AV_SCAN_RESULTS),
      fullScanError: field.text('full_scan_error', { lower: 'full_scan_error' }),
      fullScanTime: field.instant('full_scan_ended_at', { nullable: true }),
      dataRefreshTimestamp: field.instant('refreshed_at'),
      avIsSignatureUpToDate: field.word(
        // As `signatureFreshness` has it.
        sql`case when engine_state = 'noSignatures' then 'False'
          when engine_state = 'missing' or signatures_official is null then 'Unknown'
          when signatures_official = 1 and signatures_built_at >= ${sql.lit(oldBefore(now))} then 'True'
          else 'False' end`,
        FRESHNESSES,
      ),
      avIsEngineUpToDate: field.constant('Unknown'),
      avIsPlatformUpToDate: field.constant('Unknown'),
      avSignaturePublishTime: field.instant('signatures_built_at', { nullable: true }),
      rbacGroupId: field.number('device_group'),
    }),
  }
}

/** As `avModeOf` has it. */
const AV_MODE = sql`case when engine_state = 'missing' then ${sql.lit(AV_MODES.disabled)} ${sql.join(
  Object.entries(AV_MODE_OF).map(
    ([mode, digit]) => sql`when engine_mode = ${sql.lit(mode)} then ${sql.lit(digit)}`,
  ),
  sql` `,
)} else ${sql.lit(AV_MODES.other)} end`
