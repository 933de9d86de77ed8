import { createConfig, lintFromString } from '@redocly/openapi-core'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it, onTestFinished } from 'vitest'
import { describeApi, isDescribed, isForBrowsers, templateOf } from '../src/api-description/index.ts'
import { NOT_OFFERED } from '../src/not-offered/index.ts'
import { operations } from '../src/operations.ts'
import { ApiServer } from './api-server.ts'
import { call } from './call.ts'

const document = describeApi(operations, {
  origin: 'https://fleet.example',
  tenant: 'contoso.example',
  version: '1.2.3',
})
const described = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
)
/** What a client may rely on by name: each change of it breaks programs that were generated. */
const KNOWN = {
  listMachines: 'get /api/machines',
  getMachine: 'get /api/machines/{machineId}',
  runAntivirusScan: 'post /api/machines/{machineId}/runAntiVirusScan',
  getMachineAction: 'get /api/machineactions/{actionId}',
  cancelMachineAction: 'post /api/machineactions/{actionId}/cancel',
  getScan: 'get /fleet/v1/scans/{actionId}',
}

describe('the description of the API', () => {
  it('is OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document))
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
  })

  it('is found in order by the linter, warnings too', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] })
    const source = JSON.stringify(document)
    const problems = await lintFromString({ source, config, absoluteRef: '/openapi.json' })
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
      [],
    )
  })

  it('holds every route but the pages of the sign-in, and what is not offered', () => {
    const expected = operations
      .filter(isDescribed)
      .map((operation) => `${operation.method.toLowerCase()} ${templateOf(operation)}`)
    expect(described.map(({ path, method }) => `${method} ${path}`).sort()).toEqual(expected.sort())
    const left = operations.filter((operation) => !isDescribed(operation))
    const pages = left.filter(isForBrowsers).map(({ path }) => path)
    expect(pages.filter((path) => !/^\/(:tenant|assets)\//.test(path))).toEqual([])
    const others = left.filter((operation) => !isForBrowsers(operation)).map(({ route }) => route)
    expect(others.sort()).toEqual(NOT_OFFERED.map(({ route }) => route).sort())
  })

  it('names each operation once, and for good', () => {
    const ids = described.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => !/^[a-z]+[A-Za-z0-9]*$/.test(id))).toEqual([])
    const places = Object.fromEntries(
      described.map(({ path, method, operation }) => [operation.operationId, `${method} ${path}`]),
    )
    expect(places).toMatchObject(KNOWN)
  })

  it('says of each operation what it does, and of each parameter what it means', () => {
    const silent = described.flatMap(({ path, method, operation }) => [
      ...(operation.summary === '' ? [`${method} ${path}`] : []),
      ...(operation.parameters ?? [])
        .filter(({ description }) => description === '')
        .map(({ name }) => `${method} ${path}: ${name}`),
    ])
    expect(silent).toEqual([])
  })

  it('says who may call, and how often', () => {
    const { operation } = find('runAntivirusScan')
    expect(operation.security).toContainEqual({ person: ['Machine.Scan'] })
    expect(operation['x-access']).toEqual({
      permission: ['Machine.Scan'],
      role: ['ActiveRemediationActions'],
      reach: 'machine',
    })
    expect(operation['x-rate-limit']).toEqual({ budget: 'usual', perMinute: 100, perHour: 1_500 })
    expect(find('getSignInInfo').operation.security).toEqual([])
  })

  it('describes an object once and refers to it', () => {
    const answer = JSON.stringify(find('listMachines').operation.responses[200])
    expect(answer).toContain('"items":{"$ref":"#/components/schemas/Machine"}')
  })

  it('gives lists the query options of OData', () => {
    const namesOf = (id: string) => find(id).operation.parameters?.map(({ name }) => name)
    expect(namesOf('listMachines')).toEqual(
      expect.arrayContaining(['$filter', '$orderby', '$top', '$skip', '$count']),
    )
    expect(namesOf('countMachines')).toEqual(['$filter'])
    expect(namesOf('getMachine')).toEqual(['machineId'])
    expect(namesOf('listAlerts')).toContain('$expand')
  })

  it('writes the call of a function as clients write it', () => {
    expect(find('findMachinesByIp').path).toBe("/api/machines/findbyip(ip='{ip}',timestamp={timestamp})")
    expect(find('findMachinesByIp').operation.parameters?.[1]).toMatchObject({
      name: 'timestamp',
      in: 'path',
      schema: { type: 'string', format: 'date-time' },
    })
  })
})

describe('GET /openapi.json', () => {
  it('describes the server under the name that the caller used, to anybody', async () => {
    const api = await ApiServer.start()
    onTestFinished(() => api[Symbol.asyncDispose]())
    const answer = await call(api.origin, 'GET /openapi.json')
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    const told = answer.json<typeof document>()
    expect(told.servers).toEqual([{ url: api.origin, description: 'This server.' }])
    expect(told.paths).toEqual(JSON.parse(JSON.stringify(document.paths)))
    expect(JSON.stringify(told.components.securitySchemes)).toContain(
      `${api.origin}/${api.tenant}/oauth2/v2.0/token`,
    )
  })

  it('repeats no name that is not its own', async () => {
    const api = await ApiServer.start()
    onTestFinished(() => api[Symbol.asyncDispose]())
    const answer = await call(api.origin, 'GET /openapi.json', { headers: { host: 'evil.example' } })
    expect(answer.text).not.toContain('evil.example')
  })
})

function find(operationId: string) {
  const found = described.find(({ operation }) => operation.operationId === operationId)
  if (!found) throw new Error(`No operation is called ${operationId}.`)
  return found
}
