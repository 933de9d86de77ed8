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
  const status = readWord('status', body.status ?? body.Status, ALERT_STATUSES)
  const comment = readComment(body.comment ?? body.Comment)
  const change: AlertChange = {
    ...(status == null ? {} : { status }),
    ...optional('assignedTo', readAssignedTo(body.assignedTo)),
    ...optional(
      'classification',
      readWord('classification', given(body.classification, body.Classification), ALERT_CLASSIFICATIONS),
    ),
    ...optional(
      'determination',
      readWord('determination', given(body.determination, body.Determination), ALERT_DETERMINATIONS),
    ),
    ...(comment === undefined ? {} : { comment }),
  }
  if (Object.keys(change).length > 0) return change
  throw new ApiError(
    'MissingRequiredParameter',
    'One of the parameters status, assignedTo, classification, determination and comment is needed',
  )
}

function given<T>(first: T | undefined, second: T | undefined): T | undefined {
  return first === undefined ? second : first
}

function optional<Name extends string, T>(name: Name, value: T | undefined): { [N in Name]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [N in Name]: T })
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
