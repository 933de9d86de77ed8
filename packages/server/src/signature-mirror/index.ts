export { checkDatabase } from './check-database.ts'
export { SignatureFetcher } from './signature-fetcher.ts'
export { SignatureMirror } from './signature-mirror.ts'
export { type SignatureMirrorService, signatureMirrorService } from './signature-mirror-service.ts'
