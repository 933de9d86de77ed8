export { Ledger, type LedgerOptions } from './ledger.ts'
export { SteadyFiles } from './steady-files.ts'
export { Verification } from './verification.ts'
