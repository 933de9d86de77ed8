import {
  MAX_SCAN_PATHS_LENGTH,
  type RequestScanBody,
  type RunAntivirusScanBody,
  readScanType,
  type ScanType,
  whyNotPaths,
} from '@fleetsweep/protocol'
import { ApiError } from '../kit/http/index.ts'

/** What a caller wants scanned, and why: checked. */
export type ScanRequest = {
  scanType: ScanType
  /** What a `Custom` scan looks at; null for the others. */
  paths: readonly string[] | null
  rescan: boolean
  comment: string
  externalId: string | null
}

const MAX_COMMENT_LENGTH = 4_000
const MAX_EXTERNAL_ID_LENGTH = 1_000

/** Names of members of the body as translated documentation prints them. */
export const TRANSLATED_NAMES: Readonly<Record<string, string>> = { 评论: 'Comment' }
/** Scan types as translated documentation prints them. */
const TRANSLATED_SCAN_TYPES: Readonly<Record<string, ScanType>> = { 快速: 'Quick', 完全: 'Full' }

/**
 * Checks what the body of a scan request says; its schema has been checked before.
 *
 * @throws ApiError `MissingRequiredParameter` for a translated scan type, `InvalidInput` for other values
 */
export function readScanRequest(body: RunAntivirusScanBody): ScanRequest {
  return {
    scanType: readScanTypeOf(body.ScanType),
    paths: null,
    rescan: false,
    comment: readActionComment(body.Comment, 'Comment'),
    externalId: readExternalId(body.ExternalId, 'ExternalId'),
  }
}

/**
 * As `readScanRequest`, for the Fleet API.
 *
 * @throws ApiError `InvalidInput`
 */
export function readFleetScanRequest(body: RequestScanBody): ScanRequest {
  const { scanType, paths, rescan = false } = body
  if ((scanType === 'Custom') !== (paths !== undefined)) {
    throw new ApiError('InvalidInput', 'paths goes with the scanType Custom, and with no other')
  }
  const why = paths && whyNotPaths('paths', paths, MAX_SCAN_PATHS_LENGTH)
  if (why !== undefined) throw new ApiError('InvalidInput', why)
  return {
    scanType,
    paths: paths ?? null,
    rescan,
    comment: readActionComment(body.comment, 'comment'),
    externalId: readExternalId(body.externalId, 'externalId'),
  }
}

/** @throws ApiError `InvalidInput` when it is too long */
export function readCancelComment(comment: string | null | undefined): string | null {
  return comment === null || comment === undefined ? null : readComment(comment, 'Comment')
}

/** @throws ApiError `InvalidInput` when it is blank or too long. @param name of the member that holds it */
export function readActionComment(comment: string, name: string): string {
  if (comment.trim() === '') throw new ApiError('InvalidInput', `${name} is blank`)
  return readComment(comment, name)
}

function readComment(comment: string, name: string): string {
  if (comment.length > MAX_COMMENT_LENGTH) {
    throw new ApiError('InvalidInput', `${name} has more than ${MAX_COMMENT_LENGTH} characters`)
  }
  return comment
}

function readScanTypeOf(text: string): ScanType {
  const scanType = readScanType(text)
  if (scanType !== undefined) return scanType
  const meant = TRANSLATED_SCAN_TYPES[text]
  if (meant !== undefined) {
    throw new ApiError(
      'MissingRequiredParameter',
      `The parameter ScanType is missing: write "${meant}", not "${text}"`,
    )
  }
  throw new ApiError('InvalidInput', `ScanType is '${shortened(text)}' and must be 'Quick' or 'Full'`)
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

function readExternalId(externalId: string | null | undefined, name: string): string | null {
  if (externalId === null || externalId === undefined) return null
  if (externalId.length > MAX_EXTERNAL_ID_LENGTH) {
    throw new ApiError('InvalidInput', `${name} has more than ${MAX_EXTERNAL_ID_LENGTH} characters`)
  }
  return externalId
}
