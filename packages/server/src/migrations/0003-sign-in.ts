import type { Migration } from '../kit/db/migration.ts'

/** How people sign in: their passwords, what is between two steps of a sign-in, and the sign-ins themselves. */
export const signIn: Migration = {
  id: 3,
  name: 'sign-in',
  statements: ({ text, instant, integer }, dialect) => {
    const table = (name: string, columns: string) =>
      `CREATE TABLE ${name} (${columns})${dialect === 'sqlite' ? ' STRICT' : ''}`
    return [
      // Codes, refresh tokens, browser sessions and grants: found by the hash of what their owner holds, and sealed.
      // A row of the kind Grant is a sign-in, and its hash is the sid of the tokens that come from it.
      table(
        'sign_in_artifact',
        `tenant ${text} NOT NULL, kind ${text} NOT NULL, id_hash ${text} NOT NULL, sealed ${text} NOT NULL,
         sign_in ${text}, session_hash ${text}, user_code_hash ${text}, user_account ${text}, application ${text},
         created_at ${instant} NOT NULL, expires_at ${instant} NOT NULL, consumed_at ${instant},
         PRIMARY KEY (tenant, kind, id_hash)`,
      ),
      'CREATE INDEX sign_in_artifact_by_sign_in ON sign_in_artifact (tenant, sign_in)',
      'CREATE INDEX sign_in_artifact_by_session ON sign_in_artifact (tenant, session_hash)',
      'CREATE INDEX sign_in_artifact_by_user_code ON sign_in_artifact (tenant, user_code_hash)',
      'CREATE INDEX sign_in_artifact_by_user ON sign_in_artifact (tenant, user_account)',
      'CREATE INDEX sign_in_artifact_by_end ON sign_in_artifact (expires_at)',
      // Sign-ins from before valid_from are over, whatever a request that was under way still writes.
      table(
        'user_credential',
        `tenant ${text} NOT NULL, user_account ${text} NOT NULL, password_hash ${text}, password_set_at ${instant},
         valid_from ${instant} NOT NULL, PRIMARY KEY (tenant, user_account)`,
      ),
      table(
        'password_link',
        `tenant ${text} NOT NULL, secret_hash ${text} NOT NULL, user_account ${text} NOT NULL,
         created_at ${instant} NOT NULL, expires_at ${instant} NOT NULL, PRIMARY KEY (tenant, secret_hash)`,
      ),
      'CREATE INDEX password_link_by_user ON password_link (tenant, user_account)',
      // Who failed to sign in, by keyed hash of account and address.
      table(
        'sign_in_throttle',
        `tenant ${text} NOT NULL, subject_hash ${text} NOT NULL, failures ${integer} NOT NULL,
         last_at ${instant} NOT NULL, blocked_until ${instant} NOT NULL, PRIMARY KEY (tenant, subject_hash)`,
      ),
      'CREATE INDEX sign_in_throttle_by_last ON sign_in_throttle (last_at)',
      // How people sign in with an application that an administrator registered.
      table(
        'application_sign_in',
        `tenant ${text} NOT NULL, application ${text} NOT NULL, is_public_client ${integer} NOT NULL,
         redirect_uris ${text} NOT NULL, scopes ${text} NOT NULL, PRIMARY KEY (tenant, application)`,
      ),
    ]
  },
}
