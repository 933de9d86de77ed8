export { NOT_OFFERED, type NotOffered } from './not-offered.ts'
