export { ExpireActions, type ExpireActionsParts } from './expire-actions.ts'
