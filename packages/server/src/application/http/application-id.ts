import { type ApplicationId, isGuid } from '@fleetsweep/protocol'
import { notFound } from '../../kit/http/index.ts'

/** Who may administer applications: whoever may, may do everything, by registering one that may. */
export const ADMINISTER = { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' } as const

/** @throws ApiError `ResourceNotFound` for what can be no application's id */
export function readApplicationId(text: string): ApplicationId {
  if (isGuid(text)) return text.toLowerCase() as ApplicationId
  throw notFound(`The application ${text}`)
}
