/** Gives tokens to programs that people signed in with. */
export interface UserTokens {
  /** True for a grant that stands for a person: a code, a device code, a refresh token. */
  takes(grantType: string | undefined): boolean

  /** @throws OAuthError for whatever does not add up */
  redeem(request: {
    tenantName: string
    form: Readonly<Record<string, string>>
    authorization: string | undefined
    origin: string
    address: string
  }): Promise<UserTokenAnswer>
}

export type UserTokenAnswer = {
  accessToken: string
  /** As the program asked for them. */
  scope: string
  refreshToken?: string | undefined
  idToken?: string | undefined
  clientInfo?: string | undefined
}
