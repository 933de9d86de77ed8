export { Ledger } from './ledger.ts'
export { Verification } from './verification.ts'
