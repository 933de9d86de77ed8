import { type Html, html } from '../../kit/html.ts'
import type { Page } from './page.ts'

function alert(message: string | undefined): Html | null {
  return message === undefined ? null : html`<p class="alert" role="alert" id="problem">${message}</p>`
}

/** Name and password. `problem` says why the last attempt did not do. */
export function signInPage(given: { program: string; name: string; problem?: string | undefined }): Page {
  const described = given.problem === undefined ? null : html` aria-describedby="problem" aria-invalid="true"`
  return {
    title: 'Sign in',
    body: html`<p class="lead">to continue to ${given.program}</p>
${alert(given.problem)}
<form method="post">
<label for="name">User name</label>
<input id="name" name="name" type="text" value="${given.name}" required maxlength="254" autocomplete="username"
 autocapitalize="none" spellcheck="false"${given.name === '' ? html` autofocus` : null}${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" required maxlength="256" autocomplete="current-password"${given.name === '' ? null : html` autofocus`}${described}>
<button type="submit">Sign in</button>
</form>`,
  }
}

/** Where a person types the code that a program on another device shows. */
export function deviceCodePage(given: {
  action: string
  xsrf: string
  code: string
  problem?: string | undefined
}): Page {
  const described = given.problem === undefined ? null : html` aria-describedby="problem" aria-invalid="true"`
  return {
    title: 'Enter code',
    body: html`<p class="lead">Type the code that the program shows which you want to sign in with.</p>
${alert(given.problem)}
<form method="post" action="${given.action}">
<input type="hidden" name="xsrf" value="${given.xsrf}">
<label for="code">Code</label>
<input id="code" class="code" name="user_code" type="text" value="${given.code}" required maxlength="32" autocomplete="off"
 autocapitalize="characters" spellcheck="false" autofocus${described}>
<button type="submit">Next</button>
</form>`,
  }
}

/** Says who gets in, before anybody is let in. */
export function deviceConfirmPage(given: {
  action: string
  xsrf: string
  code: string
  program: string
  scopes: readonly string[]
}): Page {
  return {
    title: `Sign in to ${given.program}?`,
    body: html`<p class="lead">A program on another device asks to act in your name. It shows this code:</p>
<p class="shown-code">${given.code}</p>
<p>It will be able to do what you may do, within: <strong>${given.scopes.join(', ')}</strong>.</p>
<p class="warning"><strong>Did you start this yourself, just now?</strong> If somebody sent you this code, or a link to
this page, do not go on: they would get into your fleet with your name.</p>
<form method="post" action="${given.action}">
<input type="hidden" name="xsrf" value="${given.xsrf}">
<input type="hidden" name="user_code" value="${given.code}">
<div class="choice">
<button type="submit" name="confirm" value="yes">Continue</button>
<button type="submit" name="abort" value="yes" class="secondary">Cancel</button>
</div>
</form>`,
  }
}

/** Something is over, and there is nothing to press. */
export function messagePage(title: string, ...lines: readonly string[]): Page {
  return { title, body: html`${lines.map((line) => html`<p class="lead">${line}</p>\n`)}` }
}

/** Why something did not work, and what to do. */
export function problemPage(title: string, ...lines: readonly string[]): Page {
  return {
    title,
    body: html`<div role="alert">${lines.map((line) => html`<p class="lead">${line}</p>\n`)}</div>`,
  }
}

/** Asks before a whole browser is signed out. */
export function signOutPage(given: { token: string; fields: readonly (readonly [string, string])[] }): Page {
  return {
    title: 'Sign out?',
    body: html`<p class="lead">You will be signed out of Fleetsweep in this browser.</p>
<form method="post">
${given.fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">\n`)}
<input type="hidden" name="token" value="${given.token}">
<button type="submit">Sign out</button>
</form>`,
  }
}

/** Where somebody chooses a password with a one-time link. */
export function choosePasswordPage(given: {
  name: string
  link: string
  minimum: number
  problem?: string | undefined
}): Page {
  const described =
    given.problem === undefined
      ? html` aria-describedby="rule"`
      : html` aria-describedby="problem rule" aria-invalid="true"`
  return {
    title: 'Choose a password',
    body: html`<p class="lead">for ${given.name}</p>
${alert(given.problem)}
<form method="post">
<input type="hidden" name="link" value="${given.link}">
<input type="text" name="username" value="${given.name}" autocomplete="username" hidden>
<label for="password">New password</label>
<input id="password" name="password" type="password" required minlength="${given.minimum}" maxlength="256"
 autocomplete="new-password" autofocus${described}>
<p class="hint" id="rule">At least ${given.minimum} characters. A few unrelated words are easy to remember and hard to guess.</p>
<label for="again">The same again</label>
<input id="again" name="again" type="password" required maxlength="256" autocomplete="new-password">
<button type="submit">Set password</button>
</form>`,
  }
}
