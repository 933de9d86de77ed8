export { enrollWrite } from './enroll-write.ts'
export { type EnrollmentService, enrollmentService } from './enrollment-service.ts'
export type { Enrolled, EnrollmentStore, StoredEnrollmentToken } from './enrollment-store.ts'
export { createTokenWrite, revokeTokenWrite, sqlEnrollmentStore } from './enrollment-store-sql.ts'
