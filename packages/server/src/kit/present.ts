/** The members that are there: what a partial change names. */
export function present<Members extends object>(
  members: Members,
): { [Name in keyof Members]?: Exclude<Members[Name], undefined> } {
  const named = Object.entries(members).filter(([, value]) => value !== undefined)
  // Only members that are undefined were left out.
  return Object.fromEntries(named) as { [Name in keyof Members]?: Exclude<Members[Name], undefined> }
}
