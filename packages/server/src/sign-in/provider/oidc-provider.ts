// Evaluated in this order: first nothing is said, then the library starts, then things are said again.
import './quiet-start.ts'
import { errors, interactionPolicy, Provider } from 'oidc-provider'
import { endQuietStart } from './quiet-start.ts'

endQuietStart()

export { errors, interactionPolicy, Provider }
