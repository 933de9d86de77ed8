import {
  ALERT_CLASSIFICATIONS,
  ALERT_DETERMINATIONS,
  ALERT_STATUSES,
  type AlertChange,
  type UpdateAlertBody,
} from '@fleetsweep/protocol'
import { ApiError } from '../kit/http/index.ts'

const MAX_COMMENT_LENGTH = 4_000
/** As long as a user principal name can be, and more. */
const MAX_ASSIGNED_TO_LENGTH = 320

/**
 * Checks what a body wants to change; its schema has been checked before. Words may be in any case.
 *
 * @throws ApiError `InvalidInput` for a value that there is not; `MissingRequiredParameter` when nothing is to change
 */
export function readAlertChange(body: UpdateAlertBody): AlertChange {
  const { assignedTo, status = body.Status, comment = body.Comment } = body
  const { classification = body.Classification, determination = body.Determination } = body
  const change: AlertChange = {
    status: readWord('status', status, ALERT_STATUSES) ?? undefined,
    assignedTo: readAssignedTo(assignedTo),
    classification: readWord('classification', classification, ALERT_CLASSIFICATIONS),
    determination: readWord('determination', determination, ALERT_DETERMINATIONS),
    comment: readComment(comment),
  }
  if (Object.values(change).some((value) => value !== undefined)) return change
  throw new ApiError(
    'MissingRequiredParameter',
    'One of the parameters status, assignedTo, classification, determination and comment is needed',
  )
}

function readWord<Word extends string>(
  name: string,
  text: string | null | undefined,
  words: readonly Word[],
): Word | null | undefined {
  if (text === null || text === undefined) return text
  const word = words.find((known) => known.toLowerCase() === text.toLowerCase())
  if (word !== undefined) return word
  throw new ApiError('InvalidInput', `${name} is one of ${words.join(', ')}`)
}

/** Nobody is assigned by null and by an empty text. */
function readAssignedTo(text: string | null | undefined): string | null | undefined {
  if (text === null || text === undefined) return text
  if (text.length > MAX_ASSIGNED_TO_LENGTH) {
    throw new ApiError('InvalidInput', `assignedTo has more than ${MAX_ASSIGNED_TO_LENGTH} characters`)
  }
  return text.trim() === '' ? null : text
}

function readComment(text: string | null | undefined): string | undefined {
  if (text === null || text === undefined) return undefined
  if (text.trim() === '') throw new ApiError('InvalidInput', 'comment is blank')
  if (text.length > MAX_COMMENT_LENGTH) {
    throw new ApiError('InvalidInput', `comment has more than ${MAX_COMMENT_LENGTH} characters`)
  }
  return text
}
