export type { ClamAvConfig } from './clamav/clamav-config.ts'
export { DEFAULT_DATABASE_DIR } from './clamav/clamav-config.ts'
export { createClamAvEngine, type OwnEngine } from './clamav/clamav-engine.ts'
export { estimateMemoryBytes } from './clamav/clamd-process.ts'
export { createExistingClamAvEngine, lookAtExistingClamd } from './clamav/existing-clamd.ts'
export { loadDescriptorPassing } from './clamav/pass-descriptor.ts'
export { lackOfRoom } from './clamav/temporary-room.ts'
export type {
  DefenderEngine,
  DefenderPast,
  DefenderScan,
  DefenderTarget,
} from './defender/defender-engine.ts'
export { DefenderMark } from './defender/defender-mark.ts'
export { findMdatp } from './defender/find-mdatp.ts'
export { createMdatpDefender } from './defender/mdatp-defender.ts'
export type { DefenderDetection } from './defender/threat-detections.ts'
export { createWindowsDefender } from './defender/windows-defender.ts'
export { findWindowsPrograms, type WindowsPrograms } from './defender/windows-programs.ts'
export { type Engine, EngineError, EngineOpenAborted, type EngineSession, type Judgement } from './engine.ts'
