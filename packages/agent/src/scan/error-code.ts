/**
 * The system's code of an error, such as `EACCES`.
 *
 * @throws the error itself when it is not the system's: a database that cannot be written is no obstacle of one file
 */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    if (/^E(?!RR_)[A-Z0-9]+$/.test(error.code)) return error.code
  }
  throw error
}
