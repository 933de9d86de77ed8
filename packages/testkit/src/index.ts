export * from './api-builders.ts'
export * from './fake-server.ts'
