export type { ClamAvConfig } from './clamav/clamav-config.ts'
export { createClamAvEngine, type OwnEngine } from './clamav/clamav-engine.ts'
export { createExistingClamAvEngine } from './clamav/existing-clamd.ts'
export { type Engine, EngineError, EngineOpenAborted, type EngineSession, type Judgement } from './engine.ts'
