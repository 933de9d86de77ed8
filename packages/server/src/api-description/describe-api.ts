import { describeOperation, type NamedOperation } from './describe-operation.ts'
import { templateOf } from './describe-parameters.ts'
import { HEADERS, mediaTypeOf } from './describe-refusals.ts'
import type { OpenApiDocument, PathItem, ResponseObject } from './openapi-document.ts'
import { SchemaLibrary } from './schema-library.ts'
import { securitySchemes, type TokenPlace } from './security.ts'
import { placeOf, type Tag, tagOf } from './tags.ts'

const ABOUT = `One server, two APIs:

- below \`/api\` the public API of Microsoft Defender for Endpoint, as far as it is about machines, their scans and what these find. Lists take OData queries. Paths are taken in any case, with \`/api/v1.0\` for \`/api\`, and with a slash at the end.
- below \`/fleet/v1\` the Fleet API, for what that one has no words for. JSON in camelCase; lists are read page by page with \`cursor\`.

Beside what each operation lists, every path answers \`HEAD\` where it answers \`GET\`; another method is refused with \`405\` and \`Allow\`, and a path that is none with \`404\` (\`NotFound\`), each in the shape of the API that was called. Members of an answer may be added at any time: ignore those that you do not know.`

export type DescribeOptions = TokenPlace & {
  /** Of this program. */
  version: string
}

/** True for an operation that serves browsers on their way through a sign-in, or their pages: nothing for programs. */
export function isForBrowsers({ answers }: Pick<NamedOperation, 'answers'>): boolean {
  return Object.values(answers).some(
    (declared) => typeof declared === 'string' && /^text\/(html|css)$/.test(mediaTypeOf(declared)),
  )
}

/** True for an operation that is in the description: a program can call it, and something may come of it. */
export function isDescribed(operation: Pick<NamedOperation, 'answers'>): boolean {
  return !isForBrowsers(operation) && Object.keys(operation.answers).some((status) => Number(status) < 400)
}

/** Describes in one document all operations that belong there. */
export function describeApi(
  operations: readonly NamedOperation[],
  { origin, tenant, version }: DescribeOptions,
): OpenApiDocument {
  const library = new SchemaLibrary()
  const responses: Record<string, ResponseObject> = {}
  const paths: Record<string, PathItem> = {}
  const tags = new Map<string, Tag>()
  for (const operation of operations.filter(isDescribed)) {
    const tag = tagOf(operation.path)
    tags.set(tag.name, tag)
    const path = templateOf(operation)
    paths[path] = {
      ...paths[path],
      [operation.method.toLowerCase()]: describeOperation(operation, library, responses),
    }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Fleetsweep',
      version,
      summary: 'Antivirus scans on demand across a fleet',
      description: ABOUT,
      license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: origin, description: 'This server.' }],
    tags: [...tags.values()].sort((a, b) => placeOf(a) - placeOf(b)),
    paths,
    components: {
      schemas: sorted(library.schemas),
      responses: sorted(responses),
      headers: HEADERS,
      securitySchemes: securitySchemes({ origin, tenant }),
    },
  }
}

function sorted<Value>(named: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1)))
}
