import { safeText } from '@fleetsweep/client'
import type { Application, ApplicationSignIn, CallLimits } from '@fleetsweep/protocol'
import { formatMoment } from './moment.ts'
import { renderTable } from './table.ts'

/** One line for each application. */
export function renderApplications(applications: readonly Application[]): string {
  return renderTable(
    ['Application', 'Name', 'Permissions', 'Secrets', 'Certificates', 'Last used'].map((title) => ({
      title,
    })),
    applications.map((application) => [
      application.id,
      application.displayName,
      application.permissions.join(', '),
      String(inForce(application.secrets)),
      String(inForce(application.certificates)),
      formatMoment(lastUse(application)),
    ]),
  )
}

/** All that is known of one application. */
export function renderApplication(application: Application): string {
  const { id, displayName, createdAt, permissions, limits, secrets, certificates } = application
  const secretRows = secrets.map((one) => [
    one.id,
    `${one.hint}…`,
    one.description,
    one.expiresAt === null ? 'never' : formatMoment(one.expiresAt),
    formatMoment(one.lastUsedAt),
    formatMoment(one.revokedAt),
  ])
  const certificateRows = certificates.map((one) => [
    one.id,
    one.thumbprint,
    one.description === '' ? one.subject : one.description,
    formatMoment(one.notAfter),
    formatMoment(one.lastUsedAt),
    formatMoment(one.revokedAt),
  ])
  return [
    `Application   ${id}\n`,
    `Name          ${safeText(displayName)}\n`,
    `Created       ${formatMoment(createdAt)}\n`,
    `Permissions   ${permissions.join(', ') || '–'}\n`,
    `Limits        ${describeLimits(limits)}\n`,
    ...credentialTable('Secret', 'Begins with', secretRows),
    ...credentialTable('Certificate', 'Thumbprint', certificateRows),
  ].join('')
}

export function describeLimits({ perMinute, perHour }: CallLimits): string {
  return `${perMinute ?? 'as usual'} a minute, ${perHour ?? 'as usual'} an hour`
}

function credentialTable(what: string, mark: string, rows: readonly string[][]): string[] {
  if (rows.length === 0) return []
  const columns = [what, mark, 'Description', 'Expires', 'Last used', 'Revoked'].map((title) => ({ title }))
  return ['\n', renderTable(columns, rows)]
}

function inForce(credentials: readonly { revokedAt: string | null }[]): number {
  return credentials.filter(({ revokedAt }) => revokedAt === null).length
}

function lastUse({ secrets, certificates }: Application): string | null {
  return (
    [...secrets, ...certificates]
      .map(({ lastUsedAt }) => lastUsedAt)
      .filter((moment) => moment !== null)
      .toSorted()
      .at(-1) ?? null
  )
}

/** How people sign in with an application. */
export function describeSignIn({ isPublicClient, redirectUris, delegatedScopes }: ApplicationSignIn): string {
  if (delegatedScopes.length === 0) return 'Nobody signs in with it.\n'
  const proof = isPublicClient
    ? 'It is public: it has no secret.'
    : 'It proves itself with its own credential.'
  const back =
    redirectUris.length === 0 ? 'by device code alone' : `and are sent back to ${redirectUris.join(', ')}`
  const text = `People sign in with it ${back}. ${proof} Scopes: ${delegatedScopes.join(', ')}.`
  return `${safeText(text)}\n`
}
