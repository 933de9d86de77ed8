import { EmptyState } from './EmptyState.tsx'
import { PageHeading } from './PageHeading.tsx'
import { PageLink } from './PageLink.tsx'

export function NotFound() {
  return (
    <>
      <PageHeading title="Not found" />
      <EmptyState title="There is no such page">
        <PageLink to="/machines">Go to the machines</PageLink>
      </EmptyState>
    </>
  )
}
