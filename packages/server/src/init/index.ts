export {
  FIRST_APPLICATION_PERMISSIONS,
  type InitialisedServer,
  type InitOptions,
  initServer,
} from './init-server.ts'
export { localOperator } from './local-operator.ts'
