/** What a program sends about its tokens. */
export type UserTokenRequest = {
  tenantName: string
  form: Readonly<Record<string, string>>
  authorization: string | undefined
  origin: string
  address: string
}

/** Gives tokens to programs that people signed in with, and takes them back. */
export interface UserTokens {
  /** True for a grant that stands for a person: a code, a device code, a refresh token. */
  takes(grantType: string | undefined): boolean

  /** @throws OAuthError for whatever does not add up */
  redeem(request: UserTokenRequest): Promise<UserTokenAnswer>

  /**
   * Ends the sign-in that a refresh token of the program belongs to, with every token that came from it. One that is
   * not there, or over already, is no error.
   *
   * @throws OAuthError when the program is none that people sign in with, or is not who it says
   */
  revoke(request: UserTokenRequest): Promise<void>
}

export type UserTokenAnswer = {
  accessToken: string
  /** As the program asked for them. */
  scope: string
  refreshToken?: string | undefined
  idToken?: string | undefined
  clientInfo?: string | undefined
}
