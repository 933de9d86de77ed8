import { type Static, Type } from 'typebox'
import { type Cursor, readCursor } from '../cursor.ts'
import { ApiError } from './api-error.ts'

const MAX_PAGE = 200
const USUAL_PAGE = 100

/** Query of a list that is read page by page: where to go on, and at most how many. */
export const CursorQuery = Type.Object({
  cursor: Type.Optional(Type.String({ description: '`nextCursor` of the page before.' })),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_PAGE,
      description: `At most how many; ${USUAL_PAGE} when absent.`,
    }),
  ),
})

/** @throws ApiError `InvalidInput` for a cursor that is none of ours */
export function readCursorQuery({ cursor, limit = USUAL_PAGE }: Static<typeof CursorQuery>): {
  after: Cursor | undefined
  limit: number
} {
  const after = cursor === undefined ? undefined : readCursor(cursor)
  if (cursor !== undefined && !after) throw new ApiError('InvalidInput', 'cursor is not valid')
  return { after, limit }
}
