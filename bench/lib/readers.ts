import { randomUUID } from 'node:crypto'
import {
  CLI_CLIENT_ID,
  type DeviceGroupId,
  type RoleId,
  UNGROUPED,
  type UserGroupId,
  type UserId,
} from '../../packages/protocol/src/index.ts'
import { loadConfig } from '../../packages/server/src/config/index.ts'
import { systemClock } from '../../packages/server/src/kit/clock.ts'
import { openDatabase } from '../../packages/server/src/open-database.ts'
import { sqlStores } from '../../packages/server/src/stores.ts'
import type { PreparedServer } from '../../packages/testkit/src/server-process.ts'
import { GROUPS } from './fleet-history.ts'
import { READER_KINDS, type ReaderKind } from './list-queries.ts'
import type { Person } from './people.ts'

const DAY_MS = 86_400_000
/** Each may call a hundred times a minute. */
const READERS = 12
const OPERATOR = { kind: 'operator', id: 'bench', name: 'bench' } as const

/** The device groups that each kind reaches. */
const REACHED: Record<ReaderKind, readonly number[]> = { tiny: [GROUPS], few: [GROUPS - 1], most: [1, 2, 3] }

export type Readers = Record<ReaderKind, { people: Person[]; groups: DeviceGroupId[] }>

/** People who may see what is in one device group or in some; nobody knows of machines without one. */
export async function addReaders({ dataDir, tenant }: PreparedServer): Promise<Readers> {
  await using db = await openDatabase(loadConfig({}, { dataDir }), { clock: systemClock })
  const of = sqlStores(db, randomUUID).forTenant(tenant.id)
  const audit = () => ({ id: randomUUID(), principal: OPERATOR, operation: 'bench', target: '', detail: {} })
  const newGroup = async (displayName: string) => {
    const id = randomUUID() as UserGroupId
    await of.userGroups.create({ id, displayName, description: '', externalId: null }, audit())
    return id
  }
  const userGroups = {
    tiny: await newGroup('tiny'),
    few: await newGroup('few'),
    most: await newGroup('most'),
    none: await newGroup('none'),
  }
  await of.roles.create(
    {
      id: randomUUID() as RoleId,
      displayName: 'Readers',
      description: '',
      permissions: ['ViewData'],
      userGroups: Object.values(userGroups),
    },
    audit(),
  )
  for (let n = 1; n <= GROUPS; n += 1) {
    const kind = READER_KINDS.find((each) => REACHED[each].includes(n)) ?? 'none'
    await of.deviceGroups.create(
      {
        displayName: `Group ${n}`,
        description: '',
        rules: { name: [{ operator: 'equals', value: `no machine ${n}` }] },
        remediationLevel: 'NoAutomatedResponse',
        userGroups: [userGroups[kind]],
      },
      audit(),
    )
  }
  const newReader = async (group: UserGroupId): Promise<Person> => {
    const [user, session] = [randomUUID() as UserId, randomUUID()]
    await of.users.create(
      { id: user, userPrincipalName: `${user}@contoso.example`, displayName: user, groups: [group] },
      audit(),
    )
    await of.artifacts.keep({
      kind: 'Grant',
      idHash: session,
      sealed: '',
      signIn: null,
      sessionHash: null,
      userCodeHash: null,
      user,
      application: CLI_CLIENT_ID,
      lifeMs: DAY_MS,
    })
    return { user, session }
  }
  const readers = async (kind: ReaderKind) => ({
    people: await Promise.all(Array.from({ length: READERS }, () => newReader(userGroups[kind]))),
    groups: [UNGROUPED, ...REACHED[kind]] as DeviceGroupId[],
  })
  return { tiny: await readers('tiny'), few: await readers('few'), most: await readers('most') }
}
