import { type FleetsweepClient, safeText } from '@fleetsweep/client'
import type { MachineAction } from '@fleetsweep/protocol'
import type { CliIo } from './cli-io.ts'
import { renderProgressLine } from './render/progress-line.ts'

/** Waits for actions to end and shows meanwhile how far each is: bars on a screen, else a line for each change. */
export async function followScans(
  client: FleetsweepClient,
  actions: readonly MachineAction[],
  io: CliIo,
): Promise<MachineAction[]> {
  const view = io.isTerminal ? new LiveLines(io) : undefined
  const waiting = actions.map((action, at) => {
    const name = action.computerDnsName ?? action.machineId
    let lastTenth = -1
    return client.waitForMachineAction(action.id, {
      signal: io.signal,
      onAction: ({ status }) => {
        const line = `${safeText(name)}  ${status}`
        if (view) view.set(at, line)
        else io.err(`${line}\n`)
      },
      onProgress: (progress) => {
        const line = renderProgressLine(name, progress, io.columns)
        if (view) return view.set(at, line)
        const tenth = Math.floor(progress.percent / 10)
        if (tenth > lastTenth) io.err(`${line}\n`)
        lastTenth = Math.max(lastTenth, tenth)
      },
    })
  })
  return Promise.all(waiting)
}

/** A block of lines at the bottom of the screen, written over when one changes. */
class LiveLines {
  readonly #io: CliIo
  readonly #lines: string[] = []
  #shown = 0

  constructor(io: CliIo) {
    this.#io = io
  }

  set(at: number, line: string): void {
    while (this.#lines.length <= at) this.#lines.push('')
    this.#lines[at] = line
    const up = this.#shown === 0 ? '' : `\u001b[${this.#shown}A`
    this.#shown = this.#lines.length
    this.#io.err(up + this.#lines.map((one) => `\r\u001b[2K${one}\n`).join(''))
  }
}
