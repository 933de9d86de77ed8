export { ConfigError } from './config-error.ts'
export type { ExternalIssuer } from './external-issuer.ts'
export {
  CONFIG_FILE,
  type ConfigOverrides,
  DATABASE_FILE,
  DEFAULT_PORT,
  findDataDir,
  loadConfig,
  TLS_FILES,
} from './load-config.ts'
export {
  isSealingKeyInEnvironment,
  loadSealingKey,
  SEALING_KEY_BYTES,
  SEALING_KEY_FILE,
} from './sealing-key.ts'
export { DEFAULT_ATTACHMENTS, type LogLevel, type ServerConfig } from './server-config.ts'
