/** Why a machine could not enroll; the message says what to do. */
export class EnrollmentError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EnrollmentError'
  }
}
