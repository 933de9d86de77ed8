export { ConfigError } from './config-error.ts'
export {
  CONFIG_FILE,
  type ConfigOverrides,
  DATABASE_FILE,
  DEFAULT_PORT,
  loadConfig,
  TLS_FILES,
} from './load-config.ts'
export type { LogLevel, ServerConfig } from './server-config.ts'
