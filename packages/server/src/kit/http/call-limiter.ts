/** Counts calls and says when there were too many. */
export interface CallLimiter<Principal> {
  /**
   * Counts a call that authenticated, whatever becomes of it.
   *
   * @returns `undefined`, or whole seconds after which a call will be let through
   */
  countCall(principal: Principal): number | undefined

  /** Counts a call of a route that needs no authentication, by where it comes from. */
  countAnonymous(address: string): number | undefined
}
