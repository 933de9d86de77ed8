export { type FileAttributes, loadFileAttributes } from './file-attributes.ts'
export { packageOwner } from './package-owner.ts'
export { Quarantine, type QuarantineParts, STEPS } from './quarantine.ts'
export { pathOf, type QuarantineRecord } from './quarantine-record.ts'
