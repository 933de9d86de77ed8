import { ENROLL_PATH, EnrollAnswer, EnrollRequest } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { EnrollmentService } from '../index.ts'

/** Exchanges an enrollment token for the identity of a machine. */
export const enroll = operation({
  route: `POST ${ENROLL_PATH}`,
  summary: 'Enroll a machine',
  access: {
    anonymous: 'a machine has no identity before it enrolls; the token and its own signature speak for it',
  },
  body: EnrollRequest,
  refusals: { Forbidden: 'the token is unknown, expired, revoked or used up' },
  answers: { 200: EnrollAnswer },
  handle: ({ body, address }, { enrollment }: { enrollment: EnrollmentService }) =>
    enrollment.enroll(body, address),
})
