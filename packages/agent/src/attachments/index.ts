export { AttachmentSpool } from './attachment-spool.ts'
export { AttachmentUploader } from './attachment-uploader.ts'
