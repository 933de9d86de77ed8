import type { ErrorStyle } from '../../kit/http/index.ts'
import { pagePolicy, writePage } from './page.ts'
import { problemPage } from './pages.ts'

/** Refusals and failures of the sign-in pages, as pages. */
export const pageErrors: ErrorStyle = {
  name: 'Page',
  contentType: 'text/html; charset=utf-8',
  write: ({ message, status }, { target }) => ({
    headers: { 'content-security-policy': pagePolicy() },
    body: writePage(
      problemPage(
        status >= 500 ? 'Something went wrong' : 'This does not work',
        `${message}.`,
        `Number of this failure: ${target}`,
      ),
    ),
  }),
}
