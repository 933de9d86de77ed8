import type { Socket } from 'node:net'
import { MAX_CONTROL_LINE } from './control-message.ts'

/** Hands over each line that comes; hangs up on a line that is too long. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (data: string) => {
    const lines = (rest + data).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.length <= MAX_CONTROL_LINE) onLine(line)
    if (rest.length > MAX_CONTROL_LINE || lines.some((line) => line.length > MAX_CONTROL_LINE))
      socket.destroy()
  })
}
