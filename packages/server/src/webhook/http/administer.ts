/** Whoever administers webhooks learns what all machines of the tenant found: they send it to themselves. */
export const ADMINISTER = { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' } as const
