import { SIGNATURES_PATH } from '@fleetsweep/protocol'
import { Answer } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { SignatureMirrorService } from '../index.ts'

/** Gives a signature database to a freshclam that has this server as its private mirror. */
export const getSignatureDatabase = operation({
  route: `GET ${SIGNATURES_PATH}/:file`,
  summary: 'Download a signature database of ClamAV',
  description:
    '`main.cvd`, `daily.cvd` or `bytecode.cvd`, as ClamAV signed it: for `freshclam`, with this path as its `PrivateMirror`. One range of bytes may be asked for, and `If-Modified-Since` is compared with the moment when the database was built.',
  access: {
    anonymous:
      'freshclam cannot sign in, and the databases are public, each signed by ClamAV and checked by it',
  },
  callClass: 'signatures',
  refusals: { ResourceNotFound: 'this server holds no such database' },
  answers: {
    200: 'application/octet-stream',
    206: 'application/octet-stream',
    304: 'application/octet-stream',
  },
  answerHeaders: ['Last-Modified', 'Accept-Ranges', 'Content-Range'],
  handle: async ({ params, headers }, { signatureMirror }: { signatureMirror: SignatureMirrorService }) => {
    const {
      status,
      headers: answered,
      content,
    } = await signatureMirror.serve({
      file: params.file,
      range: headers.range,
      ifModifiedSince: headers['if-modified-since'],
    })
    return new Answer(status, content, answered)
  },
})
