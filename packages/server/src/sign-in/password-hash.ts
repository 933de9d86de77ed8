import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(argon2)

/** How much a guess costs. Kept with each hash, so that it can grow. */
export type HashCost = { memoryKiB: number; passes: number; lanes: number }

/** @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id */
export const USUAL_COST: HashCost = { memoryKiB: 19_456, passes: 2, lanes: 1 }

const SALT_BYTES = 16
const TAG_BYTES = 32
/** Version 1.3 of Argon2, as hashes are usually written. */
const FORM = /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([\w+/]+)\$([\w+/]+)$/

/** Hashes a password with argon2id; the result says how, and can be kept. */
export async function hashPassword(password: string, cost: HashCost = USUAL_COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  return writeHash(cost, salt, await tagOf(password, salt, cost, TAG_BYTES))
}

/** Compares a password with a hash. `isOutdated`: it fits, and a hash of today would cost more. */
export async function verifyPassword(
  password: string,
  hash: string,
): Promise<{ fits: boolean; isOutdated: boolean }> {
  const { cost, salt, tag } = readHash(hash)
  const fits = timingSafeEqual(await tagOf(password, salt, cost, tag.length), tag)
  const { memoryKiB, passes, lanes } = USUAL_COST
  const isUsual = cost.memoryKiB === memoryKiB && cost.passes === passes && cost.lanes === lanes
  return { fits, isOutdated: fits && !isUsual }
}

async function tagOf(password: string, salt: Buffer, cost: HashCost, tagLength: number): Promise<Buffer> {
  return derive('argon2id', {
    // However somebody's keyboard composes a letter, it is the same letter.
    message: Buffer.from(password.normalize('NFC'), 'utf8'),
    nonce: salt,
    parallelism: cost.lanes,
    tagLength,
    memory: cost.memoryKiB,
    passes: cost.passes,
  })
}

function writeHash({ memoryKiB, passes, lanes }: HashCost, salt: Buffer, tag: Buffer): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${base64(salt)}$${base64(tag)}`
}

function readHash(hash: string): { cost: HashCost; salt: Buffer; tag: Buffer } {
  const [, memory, passes, lanes, salt, tag] = FORM.exec(hash) ?? []
  if (salt === undefined || tag === undefined) throw new Error('A password hash has an unknown form.')
  const cost = { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes) }
  return { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
