import { ATTACHMENT_PIECE_BYTES, AttachmentState } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { operation } from '../../principal/index.ts'
import type { AttachmentService } from '../index.ts'

const PATH = '/fleet/v1/agent/attachments/:tenantId/:machineId/:actionId/:sha256'
const ACCESS = { anonymous: 'the machine proves by a signature with its own key that it is the one' } as const
const REFUSALS = { Unauthorized: 'the signature is not that of the machine' }
type Services = { attachments: AttachmentService }

/** Takes a piece of a list that a report names. Sending it again changes nothing. */
export const sendAttachment = operation({
  route: `PUT ${PATH}`,
  summary: 'Send a piece of the list of files that a scan left out',
  access: ACCESS,
  callClass: 'attachment',
  consumes: 'bytes',
  bodyLimitBytes: ATTACHMENT_PIECE_BYTES,
  query: Type.Object({
    offset: Type.Integer({ minimum: 0, description: 'Where in the list the piece begins.' }),
  }),
  refusals: REFUSALS,
  answers: { 200: AttachmentState },
  handle: ({ params, query, body, headers }, { attachments }: Services) => {
    const content = body instanceof Uint8Array ? body : new Uint8Array()
    return attachments.take({ ...params, authorization: headers.authorization }, query.offset, content)
  },
})

/** Says how far a list is. */
export const getAttachmentState = operation({
  route: `GET ${PATH}`,
  summary: 'Ask how far the list of files that a scan left out has come',
  access: ACCESS,
  callClass: 'attachment',
  refusals: REFUSALS,
  answers: { 200: AttachmentState },
  handle: ({ params, headers }, { attachments }: Services) =>
    attachments.state({ ...params, authorization: headers.authorization }),
})
