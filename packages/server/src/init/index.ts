export {
  createLocalApplication,
  FIRST_APPLICATION_PERMISSIONS,
  type LocalApplication,
} from './create-local-application.ts'
export { type InitialisedServer, type InitOptions, initServer } from './init-server.ts'
export { linkForAdministrator } from './local-administrator.ts'
export { localOperator } from './local-operator.ts'
