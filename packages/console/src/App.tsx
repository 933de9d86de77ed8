import { FluentProvider, webDarkTheme, webLightTheme } from '@fluentui/react-components'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { useState } from 'react'
import { SignInPage } from './pages/sign-in/SignInPage.tsx'
import { router } from './router.tsx'
import { type Scheme, SchemeContext, useSystemScheme } from './session/scheme.ts'
import { type Session, SessionContext } from './session/session.ts'

/** The whole console: signed out, it is the sign-in page and nothing else. */
export function App() {
  const system = useSystemScheme()
  const [chosen, choose] = useState<Scheme>()
  const [session, setSession] = useState<Session>()
  const scheme = chosen ?? system

  function signOut() {
    session?.queries.clear()
    setSession(undefined)
  }

  return (
    <SchemeContext value={{ scheme, choose }}>
      <FluentProvider
        theme={scheme === 'dark' ? webDarkTheme : webLightTheme}
        style={{ minHeight: '100%', colorScheme: scheme }}
      >
        {session ? (
          <SessionContext value={{ ...session, signOut }}>
            <QueryClientProvider client={session.queries}>
              <RouterProvider router={router} />
            </QueryClientProvider>
          </SessionContext>
        ) : (
          <SignInPage onSignedIn={setSession} />
        )}
      </FluentProvider>
    </SchemeContext>
  )
}
