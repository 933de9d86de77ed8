import { type AgentFrame, MAX_FRAME_BYTES, ServerFrame } from '@fleetsweep/protocol'
import { LazySchema } from '../kit/lazy-schema.ts'
import { parseJson } from '../os/parse-json.ts'

const serverFrame = new LazySchema(ServerFrame)

/** Reads a frame of the server; `undefined` when it is none by the protocol. */
export function readFrame(data: Buffer, isBinary: boolean): ServerFrame | undefined {
  if (isBinary || data.length > MAX_FRAME_BYTES) return undefined
  const frame = parseJson(data.toString('utf8'))
  return serverFrame.Check(frame) ? frame : undefined
}

/** Writes a frame as it travels. */
export function writeFrame(frame: AgentFrame): string {
  return JSON.stringify(frame)
}
