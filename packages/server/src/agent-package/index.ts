export { type AgentPackages, readAgentPackages } from './agent-packages.ts'
