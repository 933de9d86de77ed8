import type { ScanProgress } from '@fleetsweep/protocol'
import { countWords, PHASE_WORDS } from '../status/words.ts'
import type { ProgramIo } from './program.ts'

/** Where no terminal shows it, a line is written when so much more is done, in percent. */
const STEP_PERCENT = 10

/** Shows how far a scan is: in one line that changes on a terminal, else in a line now and then. */
export class ProgressLine {
  readonly #io: Pick<ProgramIo, 'stderr' | 'columns'>
  #last = ''
  #isShown = false

  constructor(io: Pick<ProgramIo, 'stderr' | 'columns'>) {
    this.#io = io
  }

  show(progress: ScanProgress): void {
    if (progress.phase === 'ended') return
    const columns = this.#io.columns?.()
    const text = textOf(progress)
    if (columns !== undefined) {
      if (text === this.#last) return
      this.#last = text
      this.#isShown = true
      this.#io.stderr(`\r\u001b[K${text.slice(0, Math.max(1, columns - 1))}`)
      return
    }
    const { phase, percent, because = '' } = progress
    const step = `${phase} ${Math.floor(percent / STEP_PERCENT)} ${because}`
    if (step === this.#last) return
    this.#last = step
    this.#io.stderr(`${text}\n`)
  }

  /** Makes room for something else to be written. */
  clear(): void {
    if (this.#isShown) this.#io.stderr('\r\u001b[K')
    this.#isShown = false
    this.#last = ''
  }
}

function textOf({ phase, percent, filesDone, filesTotal, detections, etaMs, because }: ScanProgress): string {
  const words = PHASE_WORDS[phase]
  if (phase === 'walking') return `${words}: ${countWords(filesTotal)} so far`
  if (phase !== 'scanning' && phase !== 'paused') return because ? `${words}: ${because}` : words
  const left = etaMs === null ? '' : `, ${minutes(etaMs)} left`
  const found = detections === 0 ? '' : `, ${countWords(detections)} found`
  const why = because ? `: ${because}` : ''
  // Not every engine tells which files it reads.
  const done =
    filesTotal === 0
      ? ''
      : ` ${Math.floor(percent)} %, ${countWords(filesDone)} of ${countWords(filesTotal)} files`
  return `${words}${done}${found}${left}${why}`
}

function minutes(ms: number): string {
  return ms < 90_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`
}
