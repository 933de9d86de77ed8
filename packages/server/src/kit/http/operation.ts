import type { IncomingHttpHeaders } from 'node:http'
import type { ErrorCode, Permission, RolePermission, TenantId } from '@fleetsweep/protocol'
import type { Static, TObject, TSchema } from 'typebox'
import type { Answer, AnswerBody } from './answer.ts'
import { ApiError } from './api-error.ts'
import { type CallClass, callClassOf } from './call-limiter.ts'
import { type ErrorStyle, errorStyleOf } from './error-style.ts'

/** What the kit must know of whoever calls; the server's own principal is one. */
export type Caller = {
  readonly tenant: TenantId
  readonly permissions: ReadonlySet<Permission>
  /** What the roles of a person allow; null for whoever no role binds. */
  readonly rolePermissions: ReadonlySet<RolePermission> | null
}

/**
 * Who may call a route, said by each route.
 *
 * - `permission`: any one of them is enough.
 * - `role`: a person needs one of these from their roles as well.
 * - `reach`: `machine`: the caller must reach the machine that the path names, or every one that the body names;
 *   `machines`: the answer holds only what the caller reaches; `tenant`: whoever has the permission sees all of the
 *   tenant.
 * - `signedIn`: whoever authenticated, whatever they may do, and why that is right; with `reach`, only about a machine
 *   that they reach.
 * - `anonymous`: no caller is known, and why that is right.
 */
export type Access =
  | {
      readonly permission: readonly [Permission, ...Permission[]]
      readonly role: readonly [RolePermission, ...RolePermission[]]
      readonly reach: 'machine' | 'machines' | 'tenant'
    }
  | { readonly signedIn: string; readonly reach?: 'machine' }
  | { readonly anonymous: string }

/** True when a caller holds one of the permissions and, where roles bind, one of the role permissions. */
export function isAllowed(
  { permissions, rolePermissions }: Caller,
  { permission, role }: Pick<Extract<Access, { permission: unknown }>, 'permission' | 'role'>,
): boolean {
  return (
    permission.some((one) => permissions.has(one)) &&
    (rolePermissions === null || role.some((one) => rolePermissions.has(one)))
  )
}

/**
 * Says which half is missing: the program's permission or the person's role.
 *
 * @throws ApiError `Forbidden`
 */
export function requireAllowed(
  caller: Caller,
  access: Pick<Extract<Access, { permission: unknown }>, 'permission' | 'role'>,
): void {
  if (isAllowed(caller, access)) return
  const { permission, role } = access
  throw permission.some((one) => caller.permissions.has(one))
    ? new ApiError('Forbidden', `This needs a role with the permission ${role.join(' or ')}`)
    : new ApiError('Forbidden', `This needs the permission ${permission.join(' or ')}`)
}

/** The schema of the body by status; a string names the media type of a body that is not JSON. */
export type Answers = Readonly<Record<number, TSchema | string>>

/** Codes, each with when it is answered: `while another scan of the machine is under way`. */
export type Refusals = Readonly<Partial<Record<ErrorCode, string>>>

/** A call as a handler sees it: everything is parsed, and who calls may do so. */
export type OperationRequest<Params, Body, Query, Principal> = {
  /** Decoded, spelled as the caller did. */
  readonly params: Params
  readonly body: Body
  readonly query: Query
  /** All decoded query parameters, for readers that bring their own grammar. */
  readonly search: URLSearchParams
  readonly principal: Principal
  /** The listed public origin that the caller used, such as `https://fleet.example:8443`; for links and contexts. */
  readonly origin: string
  /** The path that the caller asked for, as it came (`/api/v1.0/Machines`), without its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Where the call came from. */
  readonly address: string
  /** Aborts when the caller has gone away. */
  readonly signal: AbortSignal
}

/** One route with all that the server, its tests and its description need to know of it. */
export type Operation<Principal, Services> = {
  readonly route: string
  readonly summary: string
  readonly description: string
  readonly refusals: Refusals
  readonly method: string
  /** With `:names`. */
  readonly path: string
  readonly access: Access
  readonly callClass: CallClass
  readonly body: TSchema | undefined
  readonly bodyHints: Readonly<Record<string, string>>
  readonly consumes: 'json' | 'form' | 'bytes'
  readonly bodyLimitBytes: number | undefined
  readonly query: TSchema | undefined
  readonly functionArguments: TObject | undefined
  readonly answers: Answers
  readonly answerHeaders: readonly string[]
  readonly errors: ErrorStyle
  readonly handle: (
    request: OperationRequest<Record<string, string>, unknown, unknown, Principal | undefined>,
    services: Services,
  ) => unknown
}

/** The names in a path: `/api/machines/:machineId/tags` gives `machineId`, `/findbyip(:arguments)` gives `arguments`. */
type NamesOf<Path extends string> = Path extends `${infer Head}/${infer Tail}`
  ? NamesOf<Head> | NamesOf<Tail>
  : Path extends `${string}(:${infer Name})`
    ? Name
    : Path extends `:${infer Name}`
      ? Name
      : never

type Returned<A extends Answers> = { [Status in keyof A]: AnswerBody<A[Status]> }[keyof A] | Answer

export type Declaration<
  Principal,
  Route extends string,
  A extends Access,
  Body extends TSchema,
  Query extends TSchema,
  Replies extends Answers,
  Services,
> = {
  /** Verb and path, such as `POST /api/machines/:machineId/runAntiVirusScan`. */
  route: Route
  /** What the call does, in a few words that stand in the API's description, such as `Add or remove a tag of a machine`. */
  summary: string
  /** What else whoever calls it should know, in sentences (CommonMark). */
  description?: string
  access: A
  /** The budget that a call draws on; by the path (`usual`, `fleet` below `/fleet`) when absent. */
  callClass?: CallClass
  /** A body that is JSON of this shape. Unknown members are ignored. */
  body?: Body
  /** Other words that callers use for members of the body, and the right ones: they make the refusal helpful. */
  bodyHints?: Readonly<Record<string, string>>
  /**
   * `form`: the body is url-encoded whatever its Content-Type says, and a GET may have one. `bytes`: it is a Buffer as it
   * came. `json` when absent.
   */
  consumes?: 'json' | 'form' | 'bytes'
  /** 256 KiB when absent. */
  bodyLimitBytes?: number
  /** Query parameters, converted from text where the schema wants numbers or booleans. */
  query?: Query
  /**
   * The arguments of an OData function by their names, for the API's description alone: `params.arguments` is still to
   * be read. Text is written in single quotes, anything with a format or that is no string without.
   */
  functionArguments?: TObject
  /** A body that the handler returns goes out with the first status declared here. */
  answers: Replies
  /** Headers of its answers that the description is to name, beyond those that every answer has; such as `Location`. */
  answerHeaders?: readonly string[]
  /** What it refuses beyond what follows from the rest of its declaration, and when; for the API's description. */
  refusals?: Refusals
  /** How errors look; by the path (Defender's shape, problem details below `/fleet`) when absent. */
  errors?: ErrorStyle
  handle: (
    request: OperationRequest<
      { readonly [Name in NamesOf<Route>]: string },
      Static<Body>,
      Static<Query>,
      A extends { anonymous: string } ? undefined : Principal
    >,
    services: Services,
  ) => Returned<Replies> | Promise<Returned<Replies>>
}

/** Makes the function that declares operations for one kind of principal. */
export function operationFor<Principal extends Caller>() {
  return function operation<
    Route extends string,
    A extends Access,
    Replies extends Answers,
    Services,
    Body extends TSchema = TSchema,
    Query extends TSchema = TSchema,
  >(
    declaration: Declaration<Principal, Route, A, Body, Query, Replies, Services>,
  ): Operation<Principal, Services> {
    const [method = '', path = ''] = declaration.route.split(' ')
    return {
      route: declaration.route,
      summary: declaration.summary,
      description: declaration.description ?? '',
      refusals: declaration.refusals ?? {},
      method,
      path,
      access: declaration.access,
      callClass: declaration.callClass ?? callClassOf(path, 'anonymous' in declaration.access),
      body: declaration.body,
      bodyHints: declaration.bodyHints ?? {},
      consumes: declaration.consumes ?? 'json',
      bodyLimitBytes: declaration.bodyLimitBytes,
      query: declaration.query,
      functionArguments: declaration.functionArguments,
      answers: declaration.answers,
      answerHeaders: declaration.answerHeaders ?? [],
      errors: declaration.errors ?? errorStyleOf(path),
      // The server parses by the very schemas that the handler is typed over before it calls it.
      handle: declaration.handle as unknown as Operation<Principal, Services>['handle'],
    }
  }
}
