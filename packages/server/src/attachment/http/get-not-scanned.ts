import { Answer } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { AttachmentService } from '../index.ts'

/** Every file that a scan did not scan, as its machine sent it. */
export const getNotScanned = operation({
  route: 'GET /fleet/v1/scans/:actionId/not-scanned',
  summary: 'Download the list of files that a scan left out',
  description:
    'A gzip file of JSON lines, one for each file: `{"reason":…,"path":{"text":…},"detail":…,"sizeBytes":…}`. It is what the machine sent, checked against the hash in its report and never unpacked here: unpack it with a limit.',
  access: { permission: ['Scan.Read.All'], role: ['Scan.Read.All'], reach: 'machine' },
  answers: { 200: 'application/gzip' },
  answerHeaders: ['Content-Disposition'],
  handle: async ({ params, principal }, { attachments }: { attachments: AttachmentService }) => {
    const list = await attachments.open(principal, params.actionId)
    const name = `not-scanned-${params.actionId.toLowerCase()}.ndjson.gz`
    return new Answer(200, list, { 'content-disposition': `attachment; filename="${name}"` })
  },
})
