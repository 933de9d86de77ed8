import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import { type Page, pagePolicy, writePage } from '../page/page.ts'
import { deviceCodePage, deviceConfirmPage, messagePage, problemPage } from '../page/pages.ts'
import { scopesOf } from './create-provider.ts'
import { callOf } from './forwarded-call.ts'

/** Answers with a page of ours. */
export function show(
  ctx: Pick<KoaContextWithOIDC, 'type' | 'body' | 'set'>,
  page: Page,
  formTargets?: readonly string[],
): void {
  ctx.type = 'html'
  ctx.set('content-security-policy', pagePolicy(formTargets))
  ctx.body = writePage(page)
}

/** Answers that what a page was about is not there any more, or never was in this browser. */
export function showExpired(ctx: Parameters<typeof show>[0] & { status: number }): void {
  ctx.status = 400
  show(
    ctx,
    problemPage(
      'This sign-in has expired',
      'It was finished, took too long, or belongs to another browser. Go back to the program and start again.',
    ),
  )
}

const REASONS: Readonly<Record<string, string>> = {
  NoCodeError: 'Type the code that the program shows.',
  NotFoundError: 'There is no such code. Look at it again, or start the program’s sign-in anew.',
  ExpiredError: 'The code has expired. Start the program’s sign-in anew.',
  AlreadyUsedError: 'The code has been used. Start the program’s sign-in anew.',
}

export function enterDeviceCode(
  ctx: KoaContextWithOIDC,
  _form: string,
  out?: ErrorOut,
  error?: Error & { userCode?: string },
): void {
  if (error?.name === 'AbortedError') {
    show(ctx, messagePage('Sign-in cancelled', 'The program did not get in. You can close this page.'))
    return
  }
  if (out && error && !REASONS[error.name]) {
    showError(ctx, out)
    return
  }
  show(
    ctx,
    deviceCodePage({
      action: ctx.oidc.urlFor('code_verification'),
      xsrf: secretOf(ctx),
      code: error?.userCode ?? callOf(ctx.req).typed ?? '',
      problem: error && REASONS[error.name],
    }),
  )
}

export function confirmDevice(
  ctx: KoaContextWithOIDC,
  _form: string,
  client: { clientName?: string | undefined; clientId: string },
  _device: unknown,
  userCode: string,
): void {
  const asked = String(ctx.oidc.entities.DeviceCode?.params?.scope ?? '').split(' ')
  const allowed = scopesOf(client)
  show(
    ctx,
    deviceConfirmPage({
      action: ctx.oidc.urlFor('code_verification'),
      xsrf: secretOf(ctx),
      code: userCode,
      program: client.clientName ?? client.clientId,
      scopes: allowed.filter((scope) => asked.includes('.default') || asked.includes(scope)),
    }),
  )
}

export function showDeviceDone(ctx: KoaContextWithOIDC): void {
  const program = ctx.oidc.client?.clientName ?? 'the program'
  show(
    ctx,
    messagePage('Signed in', `You have signed in to ${program}. You can close this page and go back to it.`),
  )
}

export function showError(ctx: KoaContextWithOIDC, out: ErrorOut): void {
  show(ctx, problemPage('This sign-in cannot go on', ...explain(out)))
}

function explain({ error, error_description: description }: ErrorOut): string[] {
  switch (error) {
    case 'invalid_client':
      return [
        'The program is not known here, or people may not sign in with it. Ask an administrator to register it.',
      ]
    case 'invalid_redirect_uri':
      return [
        'The program asks to be answered at an address that is not registered for it. Nothing was sent there.',
      ]
    case 'server_error':
      return ['Something went wrong here. Go back to the program and try again.']
    default:
      return [`Go back to the program and start again. (${description ?? error})`]
  }
}

function secretOf({ oidc }: KoaContextWithOIDC): string {
  const secret = oidc.session?.state?.secret
  return typeof secret === 'string' ? secret : ''
}
