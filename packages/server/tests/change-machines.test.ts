// https://learn.microsoft.com/en-us/defender-endpoint/api/add-or-remove-machine-tags
// https://learn.microsoft.com/en-us/defender-endpoint/api/add-or-remove-multiple-machine-tags
// https://learn.microsoft.com/en-us/defender-endpoint/api/set-device-value
// https://learn.microsoft.com/en-us/defender-endpoint/api/update-machine-method
import type { Machine, MachineId } from '@fleetsweep/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiCaller, ApiServer, postgresDatabase, refusalOf, sqliteDatabase } from './api-server.ts'

const MANY = '/api/machines/AddOrRemoveTagForMultipleMachines'

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
] as const)('changing machines on %s', (_, openDatabase) => {
  let api: ApiServer
  let ask: ApiCaller
  let machines = 0

  beforeAll(async () => {
    api = await ApiServer.start(openDatabase)
    ask = await api.caller()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const newMachine = (tags: string[] = []) => api.machine(++machines, {}, tags)
  const tag = (id: string, body: object) => ask(`POST /api/machines/${id}/tags`, { body })
  const tagMany = (body: object) => ask(`POST ${MANY}`, { body })
  const value = (id: string, body: object) => ask(`POST /api/machines/${id}/setDeviceValue`, { body })
  const update = (id: string, body: string | object) => ask(`PATCH /api/machines/${id}`, { body })
  const read = async (id: string) => (await ask(`GET /api/machines/${id}`)).json<Machine>()

  describe('by one tag', () => {
    it('answers 200 with the machine, as reading it does', async () => {
      const id = await newMachine()
      const answer = await tag(id, { Value: 'test Tag 2', Action: 'Add' })
      expect(answer.status).toBe(200)
      expect(answer.json()).toMatchObject({
        '@odata.context': `${api.origin}/api/$metadata#Machines/$entity`,
        id,
        machineTags: ['test Tag 2'],
      })
      expect((await ask(`GET /api/machines/${id}`)).text).toBe(answer.text)
      const removed = await tag(id, { Value: 'TEST TAG 2', Action: 'remove', Unknown: 1 })
      expect({ status: removed.status, tags: removed.json<Machine>().machineTags }).toEqual({
        status: 200,
        tags: [],
      })
    })

    it('leaves one of a tag that is added twice, and minds none that is not there', async () => {
      const id = await newMachine(['Lab'])
      for (const Value of ['lab', 'LAB', ' Lab ']) await tag(id, { Value, Action: 'ADD' })
      expect((await tag(id, { Value: 'other', Action: 'Remove' })).status).toBe(200)
      expect((await read(id)).machineTags).toEqual(['Lab'])
      await tag(id, { Value: 'Ünï 😀', Action: 'Add' })
      expect((await tag(id, { Value: 'üNÏ 😀', Action: 'Remove' })).json()).toMatchObject({
        machineTags: ['Lab'],
      })
    })

    it.each([
      [{ Action: 'Add' }, 'MissingRequiredParameter', 'The parameter Value is missing'],
      [{ Value: 'x' }, 'MissingRequiredParameter', 'The parameter Action is missing'],
      [
        { value: 'x', Action: 'Add' },
        'MissingRequiredParameter',
        'The parameter Value is missing: write "Value", not "value" (names are case-sensitive)',
      ],
      [{ Value: null, Action: 'Add' }, 'MissingRequiredParameter', 'The parameter Value is missing'],
      [
        { Value: 'x', Action: 'Replace' },
        'InvalidInput',
        "Action is 'Replace' and must be 'Add' or 'Remove'",
      ],
      [{ Value: ' \t', Action: 'Add' }, 'InvalidInput', 'Value is blank, which no tag can be'],
      [{ Value: 'a\nb', Action: 'Add' }, 'InvalidInput', 'Value holds a control character'],
      [{ Value: 'a\u2028b', Action: 'Add' }, 'InvalidInput', 'Value holds a control character'],
      [{ Value: 'x'.repeat(201), Action: 'Add' }, 'InvalidInput', 'Value has more than 200 characters'],
      [{ Value: 7, Action: 'Add' }, 'InvalidInput', 'Value must be string'],
    ])('answers 400 for %j', async (body, code, message) => {
      expect(refusalOf(await tag(await newMachine(), body))).toEqual({ status: 400, code, message })
    })

    it('refuses the hundred-and-first tag', async () => {
      const id = await newMachine()
      await update(id, { machineTags: Array.from({ length: 100 }, (_, n) => `tag ${n}`) })
      expect(refusalOf(await tag(id, { Value: 'one more', Action: 'Add' }))).toEqual({
        status: 400,
        code: 'InvalidInput',
        message: `Machine ${id} would have more than 100 tags`,
      })
    })

    it('answers 404 for an unknown machine, whatever the id looks like', async () => {
      for (const id of ['1e5bc9d7e413ddd7902c2932e418702b84d0cc07', 'nonsense', '123123123']) {
        const body = { Value: 'x', Action: 'Add', DeviceValue: 'High', machineTags: [] }
        for (const answer of [await tag(id, body), await value(id, body), await update(id, body)]) {
          expect(refusalOf(answer)).toEqual({
            status: 404,
            code: 'ResourceNotFound',
            message: `Machine ${id} was not found`,
          })
        }
      }
    })

    it('loses none of many that come at once', async () => {
      const id = await newMachine()
      const tags = Array.from({ length: 30 }, (_, n) => `at once ${String(n).padStart(2, '0')}`)
      const answers = await Promise.all(tags.map((Value) => tag(id, { Value, Action: 'Add' })))
      expect(answers.every(({ status }) => status === 200)).toBe(true)
      expect((await read(id)).machineTags.toSorted()).toEqual(tags)
    })
  })

  describe('by a tag for many', () => {
    it('answers 200 with each machine once, in the order they were named', async () => {
      const [one, two, three] = [await newMachine(), await newMachine(['Lab']), await newMachine()]
      const answer = await tagMany({
        Value: 'lab',
        Action: 'Add',
        MachineIds: [three, one, two, three.toUpperCase()],
      })
      expect(answer.status).toBe(200)
      const list = answer.json<{ value: Machine[] }>()
      expect(list).toMatchObject({ '@odata.context': `${api.origin}/api/$metadata#Machines` })
      expect(list.value.map(({ id, machineTags }) => [id, machineTags])).toEqual([
        [three, ['lab']],
        [one, ['lab']],
        [two, ['Lab']],
      ])
      await tagMany({ Value: 'LAB', Action: 'Remove', MachineIds: [one, two] })
      expect([await read(one), await read(two), await read(three)].map((m) => m.machineTags)).toEqual([
        [],
        [],
        ['lab'],
      ])
    })

    it('changes none where one is unknown', async () => {
      const one = await newMachine()
      for (const unknown of ['f'.repeat(40), 'nowhere.example']) {
        const body = { Value: 'x', Action: 'Add', MachineIds: [one, unknown] }
        expect(refusalOf(await tagMany(body))).toEqual({
          status: 404,
          code: 'ResourceNotFound',
          message: `Machine ${unknown} was not found`,
        })
      }
      expect((await read(one)).machineTags).toEqual([])
    })

    it('takes five hundred machines and no more', async () => {
      const ids: MachineId[] = []
      for (let n = 0; n < 500; n += 50) {
        ids.push(...(await Promise.all(Array.from({ length: 50 }, () => newMachine()))))
      }
      const answer = await tagMany({ Value: 'all', Action: 'Add', MachineIds: ids })
      expect(answer.status).toBe(200)
      expect(answer.json<{ value: Machine[] }>().value.map(({ id }) => id)).toEqual(ids)
      const entries = await api.of.audit.list({ operation: 'machine.tag', limit: 10_000 })
      const named = new Set<string>(ids)
      expect(entries.filter(({ target }) => named.has(target))).toHaveLength(500)
      expect(refusalOf(await tagMany({ Value: 'x', Action: 'Add', MachineIds: [...ids, 'one'] }))).toEqual({
        status: 400,
        code: 'MaximumBatchSizeExceeded',
        message: 'MachineIds has 501 machines, and 500 is the most that one call takes',
      })
    })

    it.each([
      [[], 'InvalidInput', 'MachineIds is empty'],
      [undefined, 'MissingRequiredParameter', 'The parameter MachineIds is missing'],
      ['x', 'InvalidInput', 'MachineIds must be array'],
      [[1], 'InvalidInput', 'MachineIds.0 must be string'],
    ])('answers 400 for MachineIds %j', async (MachineIds, code, message) => {
      const answer = await tagMany({ Value: 'x', Action: 'Add', MachineIds })
      expect(refusalOf(answer)).toEqual({ status: 400, code, message })
    })
  })

  describe('by value', () => {
    it('answers 200 with the machine, which is found by it', async () => {
      const id = await newMachine()
      expect((await read(id)).deviceValue).toBe('Normal')
      const answer = await value(id, { DeviceValue: 'high' })
      expect(answer.status).toBe(200)
      expect(answer.json()).toMatchObject({ id, deviceValue: 'High' })
      const filter = encodeURIComponent(`deviceValue eq 'High' and id eq '${id}'`)
      expect((await ask(`GET /api/machines/$count?$filter=${filter}`)).text).toBe('1')
      expect((await value(id, { DeviceValue: 'Normal' })).json()).toMatchObject({ deviceValue: 'Normal' })
    })

    it.each([
      [{}, 'MissingRequiredParameter', 'The parameter DeviceValue is missing'],
      [
        { DeviceValue: 'Highest' },
        'InvalidInput',
        "DeviceValue is 'Highest' and must be 'Normal', 'Low' or 'High'",
      ],
    ])('answers 400 for %j', async (body, code, message) => {
      expect(refusalOf(await value(await newMachine(), body))).toEqual({ status: 400, code, message })
    })
  })

  describe('by update', () => {
    it('replaces tags and sets the value; what is not given stays', async () => {
      const id = await newMachine(['old'])
      const answer = await update(id, {
        deviceValue: 'Low',
        machineTags: ['Demo Device', 'b', 'B'],
        osPlatform: 'x',
      })
      expect(answer.status).toBe(200)
      expect(answer.json()).toMatchObject({
        '@odata.context': `${api.origin}/api/$metadata#Machines/$entity`,
        deviceValue: 'Low',
        machineTags: ['Demo Device', 'b'],
        osPlatform: 'Debian',
      })
      expect((await update(id, { deviceValue: null, machineTags: [] })).json()).toMatchObject({
        deviceValue: 'Low',
        machineTags: [],
      })
    })

    it.each([
      [
        {},
        'MissingRequiredParameter',
        'The parameter machineTags or deviceValue is missing (names are case-sensitive)',
      ],
      [
        { DeviceValue: 'High' },
        'MissingRequiredParameter',
        'The parameter machineTags or deviceValue is missing (names are case-sensitive)',
      ],
      [{ machineTags: ['a', ''] }, 'InvalidInput', 'machineTags is blank, which no tag can be'],
      [
        { machineTags: Array.from({ length: 101 }, (_, n) => `${n}`) },
        'InvalidInput',
        'machineTags has more than 100 tags',
      ],
      [{ deviceValue: 'x' }, 'InvalidInput', "deviceValue is 'x' and must be 'Normal', 'Low' or 'High'"],
    ])('answers 400 for %j', async (body, code, message) => {
      expect(refusalOf(await update(await newMachine(), body))).toEqual({ status: 400, code, message })
    })

    it('never fails, whatever the body holds', async () => {
      const id = await newMachine()
      const text = fc.string({ unit: 'binary', maxLength: 20 })
      const body = fc.record(
        { machineTags: fc.array(text, { maxLength: 5 }), deviceValue: text, Value: text, Action: text },
        { requiredKeys: [] },
      )
      await fc.assert(
        fc.asyncProperty(fc.oneof(body, fc.jsonValue()), async (given) => {
          for (const answer of [await update(id, JSON.stringify(given)), await tag(id, [given])]) {
            expect([200, 400]).toContain(answer.status)
          }
        }),
        { numRuns: 100 },
      )
    })
  })

  it('writes an audit entry of each change, who made it and what is other than before', async () => {
    const id = await newMachine()
    await tag(id, { Value: 'x', Action: 'Add' })
    await tag(id, { Value: 'X', Action: 'Add' })
    await value(id, { DeviceValue: 'Low' })
    await update(id, { machineTags: ['y'] })
    const entries = (await api.of.audit.list({ target: id, limit: 10 })).map((entry) => ({
      operation: entry.operation,
      by: entry.principal.name,
      detail: JSON.parse(entry.detail),
    }))
    const computerDnsName = `Lab-${machines}.example`
    const by = 'Playbooks'
    expect(entries.slice(0, 3)).toEqual([
      { operation: 'machine.update', by, detail: { computerDnsName, tagsAdded: ['y'], tagsRemoved: ['x'] } },
      {
        operation: 'machine.setValue',
        by,
        detail: { computerDnsName, deviceValueBefore: 'Normal', deviceValue: 'Low' },
      },
      { operation: 'machine.tag', by, detail: { computerDnsName, tagsAdded: ['x'] } },
    ])
    expect(entries[3]?.operation).toBe('machine.enroll')
  })
})
