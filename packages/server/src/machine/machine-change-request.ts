import {
  DEVICE_VALUES,
  type DeviceValue,
  MAX_TAGGED_MACHINES,
  readDeviceValue,
  readTagAction,
  type SetDeviceValueBody,
  TAG_ACTIONS,
  type TagMachineBody,
  type UpdateMachineBody,
} from '@fleetsweep/protocol'
import { ApiError } from '../kit/http/index.ts'
import { MAX_TAGS, type MachineChange, tagKey } from './machine-change.ts'

const MAX_TAG_LENGTH = 200
/** What no list of tags can show on one line. */
const BREAKING = /[\p{Cc}\p{Zl}\p{Zp}]/u

/** @throws ApiError `InvalidInput` for a tag that there cannot be, or an action that there is not */
export function readTagChange({ Value, Action }: TagMachineBody): MachineChange {
  const action = readTagAction(Action)
  if (!action) throw notOneOf('Action', Action, TAG_ACTIONS)
  return { tags: { kind: action === 'Add' ? 'add' : 'remove', tag: readTag('Value', Value) } }
}

/** @throws ApiError `InvalidInput` for a value that there is not */
export function readValueChange({ DeviceValue }: SetDeviceValueBody): MachineChange {
  return { deviceValue: readValue('DeviceValue', DeviceValue) }
}

/** @throws ApiError `MissingRequiredParameter` when it says nothing; `InvalidInput` for what there cannot be */
export function readUpdate({ machineTags, deviceValue }: UpdateMachineBody): MachineChange {
  if (!machineTags && (deviceValue === undefined || deviceValue === null)) {
    throw new ApiError(
      'MissingRequiredParameter',
      'The parameter machineTags or deviceValue is missing (names are case-sensitive)',
    )
  }
  return {
    ...(machineTags && { tags: { kind: 'set', tags: readTags(machineTags) } }),
    ...(typeof deviceValue === 'string' && { deviceValue: readValue('deviceValue', deviceValue) }),
  }
}

/** @throws ApiError `InvalidInput` for none, `MaximumBatchSizeExceeded` for too many */
export function readMachineNames(names: readonly string[]): readonly string[] {
  if (names.length === 0) throw new ApiError('InvalidInput', 'MachineIds is empty')
  if (names.length > MAX_TAGGED_MACHINES) {
    throw new ApiError(
      'MaximumBatchSizeExceeded',
      `MachineIds has ${names.length} machines, and ${MAX_TAGGED_MACHINES} is the most that one call takes`,
    )
  }
  return names
}

function readTags(given: readonly string[]): string[] {
  const tags = new Map<string, string>()
  for (const text of given) {
    const tag = readTag('machineTags', text)
    const key = tagKey(tag)
    if (!tags.has(key)) tags.set(key, tag)
  }
  if (tags.size > MAX_TAGS) throw new ApiError('InvalidInput', `machineTags has more than ${MAX_TAGS} tags`)
  return [...tags.values()]
}

function readTag(name: string, text: string): string {
  const tag = text.trim()
  if (tag === '') throw new ApiError('InvalidInput', `${name} is blank, which no tag can be`)
  if (tag.length > MAX_TAG_LENGTH) {
    throw new ApiError('InvalidInput', `${name} has more than ${MAX_TAG_LENGTH} characters`)
  }
  if (BREAKING.test(tag)) throw new ApiError('InvalidInput', `${name} holds a control character`)
  return tag
}

function readValue(name: string, text: string): DeviceValue {
  const value = readDeviceValue(text)
  if (!value) throw notOneOf(name, text, DEVICE_VALUES)
  return value
}

function notOneOf(name: string, text: string, words: readonly string[]): ApiError {
  const given = text.length > 40 ? `${text.slice(0, 40)}…` : text
  const quoted = words.map((word) => `'${word}'`)
  return new ApiError(
    'InvalidInput',
    `${name} is '${given}' and must be ${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`,
  )
}
