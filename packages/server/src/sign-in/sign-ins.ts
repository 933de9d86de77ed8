import type { ApplicationId, Clock, TenantId, UserId } from '@fleetsweep/protocol'
import type { AuditEntry, AuditPrincipal } from '../audit/index.ts'
import type { Bus } from '../kit/bus.ts'
import type { UserStore } from '../user/index.ts'
import type { ArtifactStore, EndedSignIns } from './artifact-store.ts'
import type { CredentialStore } from './credential-store.ts'

/** Why sign-ins end, as the audit says it. */
export type SignInEnd = 'signedOut' | 'reuse' | 'anotherPerson'

type Dependencies = {
  artifactsOf: (tenant: TenantId) => ArtifactStore
  credentialsOf: (tenant: TenantId) => Pick<CredentialStore, 'find'>
  usersOf: (tenant: TenantId) => Pick<UserStore, 'find'>
  bus: Bus
  clock: Clock
  newId: () => string
}

/** The sign-ins of people: from the first token that a program gets for somebody until it may get no more. */
export class SignIns {
  readonly #parts: Dependencies

  constructor(parts: Dependencies) {
    this.#parts = parts
  }

  /** True until a sign-in is ended or expires. */
  isSignedIn(tenant: TenantId, signIn: string): Promise<boolean> {
    const { artifactsOf, clock } = this.#parts
    return artifactsOf(tenant).isSignedIn(signIn, clock.now())
  }

  /** True for somebody who signed in then, when they may still do so and have not been signed out everywhere since. */
  async mayGoOn(tenant: TenantId, id: UserId, signedInAtSeconds: number): Promise<boolean> {
    const { usersOf, credentialsOf } = this.#parts
    const [user, credential] = await Promise.all([usersOf(tenant).find(id), credentialsOf(tenant).find(id)])
    if (!user || user.disabledAt !== null) return false
    return credential === undefined || signedInAtSeconds >= Math.floor(credential.validFrom / 1_000_000)
  }

  /** Ends sign-ins; their access tokens die within a second. */
  async end(tenant: TenantId, which: EndedSignIns, why: SignInEnd, by?: AuditPrincipal): Promise<void> {
    const { artifactsOf, bus, newId } = this.#parts
    const ended = await artifactsOf(tenant).end(which, {
      id: newId(),
      principal: by ?? { kind: 'server', id: 'sign-in', name: 'sign-in' },
      operation: 'signIn.end',
      target: which.by === 'signIn' ? which.signIn : which.by === 'user' ? which.user : '',
      detail: { why },
    })
    if (ended > 0) bus.publish({ topic: 'securityEpoch', tenant })
  }

  /** How the audit tells of a new sign-in. */
  async beginAudit(
    tenant: TenantId,
    begun: { signIn: string; user: UserId; application: ApplicationId },
  ): Promise<AuditEntry> {
    const user = await this.#parts.usersOf(tenant).find(begun.user)
    return {
      id: this.#parts.newId(),
      principal: { kind: 'user', id: begun.user, name: user?.userPrincipalName ?? begun.user },
      operation: 'signIn.begin',
      target: begun.signIn,
      detail: { application: begun.application },
    }
  }
}
