import { MAX_TOP } from '@fleetsweep/protocol'
import { type TObject, Type } from 'typebox'
import type { Operation } from '../kit/http/index.ts'
import { isListSchema } from '../kit/odata/index.ts'
import type { JsonSchema, Parameter } from './openapi-document.ts'
import type { SchemaLibrary } from './schema-library.ts'
import { wordsOf } from './tags.ts'

type Described = Pick<Operation<never, never>, 'path' | 'query' | 'functionArguments' | 'answers' | 'method'>

/** What the names in paths stand for. Ids and names are compared without case. */
const NAMES: Readonly<Record<string, string>> = {
  tenant: 'Id of the tenant, or its domain.',
  machineId: 'Id of the machine, its computer name, or the id that Entra gave the device.',
  actionId: 'Id of the machine action.',
  applicationId: 'Id of the application (its client id).',
  credentialId: 'Id of the secret or certificate.',
  userId: 'Id of the user, or the user principal name.',
  tokenId: 'Id of the enrollment token; not the token itself.',
  deviceGroupId: 'Number of the device group.',
}

/** Query options of OData that lists take, in any case, with or without the `$` escaped. */
const LIST_OPTIONS: Readonly<Record<string, { description: string; schema: JsonSchema }>> = {
  $filter: {
    description:
      "Which entities, such as `healthStatus eq 'Active' and startswith(computerDnsName,'lab-')`. Operators `eq ne gt ge lt le in and or not`, functions `startswith endswith contains`, and `any` on lists.",
    schema: { type: 'string' },
  },
  $orderby: {
    description: 'Property to order by, `desc` behind it for the other direction: `lastSeen desc`.',
    schema: { type: 'string' },
  },
  $top: {
    description: 'At most how many in all.',
    schema: { type: 'integer', minimum: 0, maximum: MAX_TOP },
  },
  $skip: {
    description: 'How many to leave out at the beginning. Follow `@odata.nextLink` instead for deep pages.',
    schema: { type: 'integer', minimum: 0 },
  },
  $count: { description: '`true` also counts what the filter matches.', schema: { type: 'boolean' } },
  $skiptoken: {
    description: 'Where a page begins: comes with `@odata.nextLink`, and means nothing elsewhere.',
    schema: { type: 'string' },
  },
}

/**
 * The path as OpenAPI writes it: `/api/machines/{machineId}`, and the call of a function with its arguments by name,
 * `/api/machines/findbyip(ip='{ip}',timestamp={timestamp})`.
 */
export function templateOf({ path, functionArguments }: Described): string {
  const written = Object.entries(functionArguments?.properties ?? {}).map(([name, schema]) =>
    Type.IsString(schema) && !('format' in schema) ? `${name}='{${name}}'` : `${name}={${name}}`,
  )
  const called = written.length === 0 ? '({arguments})' : `(${written.join(',')})`
  return path.replace(/\(:\w+\)$/, called).replace(/:(\w+)/g, '{$1}')
}

export function describeParameters(operation: Described, library: SchemaLibrary): Parameter[] {
  const { functionArguments, query } = operation
  return [
    ...inPath(operation),
    ...(functionArguments ? membersOf(functionArguments, 'path', library) : []),
    ...(query && Type.IsObject(query) ? membersOf(query, 'query', library) : []),
    ...listOptions(operation),
  ]
}

function inPath({ path, functionArguments }: Described): Parameter[] {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  return names
    .filter((name) => !(name === 'arguments' && functionArguments))
    .map((name) => ({
      name,
      in: 'path' as const,
      required: true,
      description: NAMES[name] ?? `${wordsOf(name.replace(/Id$/, ''))} that is meant, by its id.`,
      schema: { type: 'string' },
    }))
}

function membersOf(
  { properties, required }: TObject,
  place: Parameter['in'],
  library: SchemaLibrary,
): Parameter[] {
  return Object.entries(properties).map(([name, schema]) => {
    const { description = '', ...spelled } = library.write(schema)
    return {
      name,
      in: place,
      required: place === 'path' || (required ?? []).includes(name),
      description: String(description),
      schema: spelled,
    }
  })
}

function listOptions(operation: Described): Parameter[] {
  const { query } = operation
  const declared = query && Type.IsObject(query) ? query.properties : {}
  return optionsOf(operation)
    .filter((name) => !(name in declared))
    .flatMap((name) => {
      const option = LIST_OPTIONS[name]
      return option ? [{ name, in: 'query' as const, required: false, ...option }] : []
    })
}

function optionsOf(operation: Pick<Described, 'method' | 'path' | 'answers'>): string[] {
  if (operation.path.endsWith('/$count')) return ['$filter']
  return isList(operation) ? Object.keys(LIST_OPTIONS) : []
}

/** True for an operation that answers a list as OData has them, and takes its query options. */
export function isList({ method, answers }: Pick<Described, 'method' | 'answers'>): boolean {
  const answer = answers[200]
  return method === 'GET' && answer !== undefined && typeof answer !== 'string' && isListSchema(answer)
}
