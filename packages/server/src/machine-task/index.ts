export { type StoredMachineTask, showMachineTask } from './machine-task.ts'
export { type MachineTaskService, machineTaskService } from './machine-task-service.ts'
export type {
  IncomingTaskEvent,
  MachineTaskStore,
  MachineTaskTimeouts,
  NewTask,
  OwedTask,
  TaskEventTaken,
} from './machine-task-store.ts'
export {
  expireTaskWrite,
  requestTaskWrite,
  sqlMachineTaskStore,
  sqlMachineTaskTimeouts,
} from './machine-task-store-sql.ts'
export { failLostTasks, noteListedTask } from './reconcile-tasks.ts'
export { takeTaskEventWrite } from './take-task-event.ts'
