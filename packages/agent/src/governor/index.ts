export { ScanGovernor } from './scan-governor.ts'
export { type WindowState, windowState } from './scan-windows.ts'
