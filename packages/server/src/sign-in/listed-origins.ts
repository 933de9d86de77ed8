/** The public origins of this server, with and without the names of somebody else that lead here. */
export type ListedOrigins = { readonly all: readonly string[]; readonly own: readonly string[] }

/** What this server's own tokens are for: never the name of somebody else that a program signs in by. */
export function ownAudience(origin: string, { own }: ListedOrigins): string {
  return own.includes(origin) ? origin : (own[0] ?? origin)
}
