import { ClientError, type ClientErrorCode, safeText } from '@fleetsweep/client'
import {
  Button,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  Spinner,
} from '@fluentui/react-components'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useSession } from '../session/session.ts'

/** Shows what a query brought, or that it is on its way, failed, or was refused. */
export function Outcome<T>(props: {
  query: UseQueryResult<T>
  /** What is loading, such as `machines`. */
  what: string
  children: (data: T) => ReactNode
}) {
  const { query, what, children } = props
  if (query.isPending) return <Spinner label={`Loading ${what}…`} delay={200} />
  return (
    <>
      {query.isError && <Trouble error={query.error} what={what} retry={() => void query.refetch()} />}
      {query.data !== undefined && children(query.data)}
    </>
  )
}

const REFUSED: readonly ClientErrorCode[] = ['Forbidden', 'Unauthorized', 'SignInRefused']

function Trouble({ error, what, retry }: { error: Error; what: string; retry: () => void }) {
  const { signOut } = useSession()
  const refused = error instanceof ClientError && REFUSED.includes(error.code)
  const signedOut = error instanceof ClientError && error.code !== 'Forbidden' && refused
  return (
    <MessageBar intent={refused ? 'warning' : 'error'} layout="multiline" style={{ marginBottom: '12px' }}>
      <MessageBarBody>
        <MessageBarTitle>{refused ? `You may not see ${what}` : `Could not load ${what}`}</MessageBarTitle>
        <ErrorWords error={error} />
      </MessageBarBody>
      <MessageBarActions>
        {signedOut ? (
          <Button onClick={signOut}>Sign in again</Button>
        ) : (
          <Button onClick={retry}>Try again</Button>
        )}
      </MessageBarActions>
    </MessageBar>
  )
}

/** What went wrong and, for trouble inside the server, what to look for in its log. */
export function ErrorWords({ error }: { error: Error }) {
  const target = error instanceof ClientError && (error.status ?? 0) >= 500 ? error.target : undefined
  return (
    <>
      {safeText(error.message)}
      {target !== undefined && ` Look for ${safeText(target)} in the server's log.`}
    </>
  )
}
