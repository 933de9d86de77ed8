import { arch } from 'node:process'
import type { Inventory } from '@fleetsweep/protocol'

/** The processor as Defender names it. */
export function architecture(): Pick<Inventory, 'osArchitecture' | 'osProcessor'> {
  const osArchitecture = arch === 'arm64' ? 'ARM64' : arch === 'ia32' || arch === 'arm' ? '32-bit' : '64-bit'
  return { osArchitecture, osProcessor: arch }
}
