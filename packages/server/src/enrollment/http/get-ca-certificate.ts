import { CA_PATH } from '@fleetsweep/protocol'
import { notFound } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { EnrollmentService } from '../index.ts'

/** Shows the local certificate authority. Who fetches it compares it with the fingerprint in an enrollment token. */
export const getCaCertificate = operation({
  route: `GET ${CA_PATH}`,
  summary: 'Get the certificate authority of this server',
  access: { anonymous: 'a certificate is public, and an agent needs it before it can trust this server' },
  refusals: { ResourceNotFound: 'this server has no certificate authority of its own' },
  answers: { 200: 'application/x-pem-file' },
  handle: (_, { enrollment }: { enrollment: EnrollmentService }) => {
    if (enrollment.caPem === null) throw notFound('A local certificate authority')
    return enrollment.caPem
  },
})
