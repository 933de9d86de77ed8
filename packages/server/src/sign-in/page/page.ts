import { type Html, html } from '../../kit/html.ts'

export const STYLE_PATH = '/assets/sign-in.css'

/** A page of the sign-in, before it has a frame. */
export type Page = { title: string; body: Html }

/** Puts a page into the frame that all of them share. There is no script on any. */
export function writePage({ title, body }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} – Fleetsweep</title>
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<main>
<p class="brand">Fleetsweep</p>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text
}

/**
 * What a page may do: show itself and send its form to us.
 *
 * @param formTargets where an answer to its form may lead on to, such as the redirect URI of the program: browsers hold
 *   every step of a redirect against the policy
 */
export function pagePolicy(formTargets: readonly string[] = []): string {
  return [
    "default-src 'none'",
    "style-src 'self'",
    `form-action ${["'self'", ...formTargets.map(policySource)].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** The origin of an address, or the scheme where it has none. */
function policySource(address: string): string {
  const { origin, protocol } = new URL(address)
  return origin === 'null' ? protocol : origin
}
