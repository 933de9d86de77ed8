export { GATEWAY_DEFAULTS, Gateway, type GatewayOptions, type GatewayParts } from './gateway.ts'
export { isChannelRequest } from './web-socket-gate.ts'
