import { AgentFrame, MAX_FRAME_BYTES } from '@fleetsweep/protocol'
import { Compile } from 'typebox/compile'

const agentFrame = Compile(AgentFrame)

/** Reads a frame of an agent; `undefined` when it is none by the protocol, or holds text that no database keeps. */
export function readAgentFrame(text: string): AgentFrame | undefined {
  if (text.length > MAX_FRAME_BYTES) return undefined
  const frame = parseJson(text)
  if (!agentFrame.Check(frame)) return undefined
  // Only an escape can bring such characters: as bytes they are neither JSON nor UTF-8.
  return text.includes('\\u') && !isKeepable(frame) ? undefined : frame
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No JSON, so no frame; the caller says so in its own words.
    return undefined
  }
}

/** True when no text in it, however deep, holds a NUL or half of a surrogate pair. */
function isKeepable(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, member]) => isKeepable(name) && isKeepable(member))
}
