import { existsSync } from 'node:fs'

/**
 * Where Microsoft's packages put the program, the links that are meant for people last: on some Macs `/usr/local/bin`
 * is an ordinary user's. Never by PATH, which others may have changed.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/linux-support-install
 */
const PLACES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ['/opt/microsoft/mdatp/sbin/wdavdaemonclient', '/usr/bin/mdatp'],
  darwin: [
    '/Applications/Microsoft Defender.app/Contents/MacOS/wdavdaemonclient',
    '/Applications/Microsoft Defender.app/Contents/Resources/Tools/wdavdaemonclient',
    '/usr/local/bin/mdatp',
  ],
}

/** @returns `undefined` on a system that has no mdatp; the usual place where none is installed */
export function findMdatp(
  platform: NodeJS.Platform = process.platform,
  exists: (path: string) => boolean = existsSync,
): string | undefined {
  const places = PLACES[platform]
  return places?.find(exists) ?? places?.at(-1)
}
