import { ClientError, isSignInError, safeText } from '@fleetsweep/client'
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

function Trouble({ error, what, retry }: { error: Error; what: string; retry: () => void }) {
  const { signInAgain } = useSession()
  const isOver = error instanceof ClientError && (error.code === 'Unauthorized' || isSignInError(error))
  const isForbidden = error instanceof ClientError && error.code === 'Forbidden'
  function titleOf(): string {
    if (isOver) return 'Your sign-in is over'
    return isForbidden ? `You may not see ${what}` : `Could not load ${what}`
  }

  return (
    <MessageBar
      intent={isOver || isForbidden ? 'warning' : 'error'}
      layout="multiline"
      style={{ marginBottom: '12px' }}
    >
      <MessageBarBody>
        <MessageBarTitle>{titleOf()}</MessageBarTitle>
        <ErrorWords error={error} />
      </MessageBarBody>
      <MessageBarActions>
        {isOver ? (
          <Button onClick={signInAgain}>Sign in again</Button>
        ) : (
          <Button onClick={retry}>Try again</Button>
        )}
      </MessageBarActions>
    </MessageBar>
  )
}

/** What went wrong and what to do: whom to ask for a permission, what to look for in the server's log. */
export function ErrorWords({ error }: { error: Error }) {
  const target = error instanceof ClientError && (error.status ?? 0) >= 500 ? error.target : undefined
  const message = safeText(error.message)
  return (
    <>
      {/[.!?]$/.test(message) ? message : `${message}.`}
      {error instanceof ClientError && error.code === 'Forbidden' && ' Ask an administrator for it.'}
      {target !== undefined && ` Look for ${safeText(target)} in the server's log.`}
    </>
  )
}
