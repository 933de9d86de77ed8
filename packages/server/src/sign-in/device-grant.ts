/**
 * The grant of a program on a device without a browser.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8628
 */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
