export { type AttachmentService, attachmentService } from './attachment-service.ts'
export type { AttachmentQuotas, BlobStore, OldAttachments } from './blob-store.ts'
export {
  appendPieceWrite,
  completeAttachmentWrite,
  forgetAttachmentsWrite,
  resetAttachmentWrite,
  sqlBlobStore,
  sqlOldAttachments,
} from './blob-store-sql.ts'
