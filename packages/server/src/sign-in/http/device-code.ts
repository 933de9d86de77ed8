import { Type } from 'typebox'
import { entraErrors } from '../../oauth/index.ts'
import { operation } from '../../principal/index.ts'
import type { DeviceSignIn } from '../index.ts'

/** How often a program should ask whether its person is done. */
const INTERVAL_SECONDS = 5

const DeviceCode = Type.Object({
  user_code: Type.String(),
  device_code: Type.String(),
  verification_uri: Type.String(),
  verification_uri_complete: Type.String(),
  expires_in: Type.Integer(),
  interval: Type.Integer(),
  message: Type.String(),
})

/**
 * Starts the sign-in of a program that has no browser of its own.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-device-code
 */
export const startDeviceCode = operation({
  route: 'POST /:tenant/oauth2/v2.0/devicecode',
  summary: 'Get a device code',
  access: { anonymous: 'a program asks here for a code that is worth nothing until a person confirms it' },
  consumes: 'form',
  body: Type.Record(Type.String(), Type.String()),
  answers: { 200: DeviceCode },
  errors: entraErrors,
  handle: async ({ params, body, origin, address }, { deviceSignIn }: { deviceSignIn: DeviceSignIn }) => {
    const started = await deviceSignIn.start({ tenantName: params.tenant, form: body, origin, address })
    return {
      user_code: started.userCode,
      device_code: started.deviceCode,
      verification_uri: started.verificationUri,
      verification_uri_complete: started.verificationUriComplete,
      expires_in: started.expiresIn,
      interval: INTERVAL_SECONDS,
      message: `To sign in, use a web browser to open the page ${started.verificationUri} and enter the code ${started.userCode} to authenticate.`,
    }
  },
})
