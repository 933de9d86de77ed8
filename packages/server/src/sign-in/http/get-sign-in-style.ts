import { Answer } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import { SIGN_IN_STYLE } from '../index.ts'

/** The stylesheet of the sign-in pages. */
export const getSignInStyle = operation({
  route: 'GET /assets/sign-in.css',
  summary: 'Get the stylesheet of the sign-in pages',
  access: { anonymous: 'the look of pages that anybody may see' },
  answers: { 200: 'text/css; charset=utf-8' },
  handle: () => new Answer(200, SIGN_IN_STYLE, { 'cache-control': 'public, max-age=3600' }),
})
