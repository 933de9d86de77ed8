export { applications } from './applications.ts'
export { init } from './init.ts'
export { runServerCommand } from './run-server-command.ts'
export type { ServerCommand, ServerCommandIo } from './server-command.ts'
