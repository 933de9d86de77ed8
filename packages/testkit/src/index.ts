export * from './create-database.ts'
export * from './eicar.ts'
export * from './postgres.ts'
export * from './tools.ts'
