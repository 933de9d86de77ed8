import type { Machine } from '@fleetsweep/protocol'
import { Badge } from '@fluentui/react-components'

const LOOK: Record<Machine['healthStatus'], 'success' | 'warning' | 'informative'> = {
  Active: 'success',
  Inactive: 'warning',
  Unknown: 'informative',
}

export function HealthBadge({ health }: { health: Machine['healthStatus'] }) {
  return (
    <Badge appearance="tint" color={LOOK[health]}>
      {health}
    </Badge>
  )
}
