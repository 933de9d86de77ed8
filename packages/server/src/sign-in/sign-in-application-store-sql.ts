import type { ApplicationId, TenantId } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import { raiseSecurityEpoch } from '../tenant/index.ts'
import type { ApplicationSignIn, SignInApplicationStore } from './sign-in-application-store.ts'

type SignInApplicationTables = {
  application: { tenant: string; id: string }
  application_sign_in: {
    tenant: string
    application: string
    is_public_client: number
    redirect_uris: string
    scopes: string
  }
}

const Texts = Compile(Type.Array(Type.String()))

type SetSignIn = {
  kind: 'application.setSignIn'
  tenant: TenantId
  application: ApplicationId
  signIn: ApplicationSignIn
  audit: AuditEntry
}

export const setApplicationSignInWrite = defineWrite<SetSignIn, boolean>(
  'application.setSignIn',
  function* ({ tenant, application, signIn, audit }, context) {
    const db = tables<SignInApplicationTables>(context.dialect)
    const known = yield* run(
      db.selectFrom('application').select('id').where('tenant', '=', tenant).where('id', '=', application),
    )
    if (known.length === 0) return false
    const state = {
      is_public_client: signIn.isPublic ? 1 : 0,
      redirect_uris: JSON.stringify(signIn.redirectUris),
      scopes: JSON.stringify(signIn.scopes),
    }
    yield* run(
      db
        .insertInto('application_sign_in')
        .values({ tenant, application, ...state })
        .onConflict((conflict) => conflict.columns(['tenant', 'application']).doUpdateSet(state)),
    )
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return true
  },
)

/** How people sign in with the applications of one tenant, on either database. */
export function sqlSignInApplicationStore(db: Database, tenant: TenantId): SignInApplicationStore {
  return {
    async find(application) {
      const [row] = await db.read(
        tables<SignInApplicationTables>(db.dialect)
          .selectFrom('application_sign_in')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('application', '=', application),
      )
      return (
        row && {
          isPublic: row.is_public_client === 1,
          redirectUris: Texts.Parse(JSON.parse(row.redirect_uris)),
          scopes: Texts.Parse(JSON.parse(row.scopes)),
        }
      )
    },
    set: (application, signIn, audit) =>
      db.write(setApplicationSignInWrite, { tenant, application, signIn, audit }),
  }
}
