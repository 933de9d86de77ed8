import { FluentProvider, Spinner, webDarkTheme, webLightTheme } from '@fluentui/react-components'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { Suspense, use, useState } from 'react'
import { SignInPage } from './pages/sign-in/SignInPage.tsx'
import { router } from './router.tsx'
import type { Opening } from './session/opening.ts'
import { goToSignIn, goToSignOut } from './session/person-session.ts'
import { type Scheme, SchemeContext, useSystemScheme } from './session/scheme.ts'
import { type Session, SessionContext } from './session/session.ts'

/** The whole console: signed out, it is the sign-in page and nothing else. */
export function App({ opening }: { opening: Promise<Opening> }) {
  const system = useSystemScheme()
  const [chosen, choose] = useState<Scheme>()
  const scheme = chosen ?? system
  return (
    <SchemeContext value={{ scheme, choose }}>
      <FluentProvider
        theme={scheme === 'dark' ? webDarkTheme : webLightTheme}
        style={{ minHeight: '100%', colorScheme: scheme }}
      >
        <Suspense fallback={<Spinner label="Signing in…" delay={200} style={{ paddingTop: '30vh' }} />}>
          <Opened opening={opening} />
        </Suspense>
      </FluentProvider>
    </SchemeContext>
  )
}

function Opened({ opening }: { opening: Promise<Opening> }) {
  const opened = use(opening)
  const [session, setSession] = useState(opened.kind === 'signedIn' ? opened.session : undefined)
  const [trouble, setTrouble] = useState(opened.kind === 'signedOut' ? opened.trouble : undefined)
  if (!session) return <SignInPage trouble={trouble} onTrouble={setTrouble} onSignedIn={setSession} />

  function end({ queries }: Session) {
    queries.clear()
    setTrouble(undefined)
    setSession(undefined)
  }

  function signOut(ending: Session) {
    end(ending)
    if (ending.who.kind === 'person') goToSignOut(ending.who)
  }

  function signInAgain(ending: Session) {
    end(ending)
    if (ending.who.kind === 'person') goToSignIn(ending.who.person.tenant).catch(setTrouble)
  }

  const actions = { signOut: () => signOut(session), signInAgain: () => signInAgain(session) }
  return (
    <SessionContext value={{ ...session, ...actions }}>
      <QueryClientProvider client={session.queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </SessionContext>
  )
}
