import { MACHINE_ACTION_STATUSES, SCAN_TYPES } from '@fleetsweep/protocol'
import { field, odataFields, type RowSource } from '../kit/odata/index.ts'

/** What machine actions can be filtered and ordered by, on either database. */
export const MACHINE_ACTION_SOURCE: RowSource = {
  order: { field: 'creationDateTimeUtc', direction: 'desc' },
  id: 'id',
  fields: odataFields({
    id: field.id('id'),
    type: field.word('type', ['RunAntiVirusScan']),
    requestor: field.text('requestor', { lower: 'requestor_lower' }),
    requestorComment: field.text('requestor_comment', { long: true }),
    status: field.word('status', MACHINE_ACTION_STATUSES),
    machineId: field.id('machine'),
    computerDnsName: field.text('computer_dns_name', { lower: 'computer_dns_name_lower' }),
    creationDateTimeUtc: field.instant('created_at'),
    lastUpdateDateTimeUtc: field.instant('updated_at'),
    cancellationRequestor: field.text('cancellation_requestor', { nullable: true }),
    cancellationComment: field.text('cancellation_comment', { nullable: true, long: true }),
    cancellationDateTimeUtc: field.instant('cancelled_at', { nullable: true }),
    errorHResult: field.number('error_hresult'),
    scope: field.word('scope', SCAN_TYPES),
    externalId: field.text('external_id', { nullable: true, long: true }),
    requestSource: field.word('request_source', ['PublicApi', 'Portal']),
  }),
}
