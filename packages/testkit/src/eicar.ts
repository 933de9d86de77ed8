// In two pieces: in one, an antivirus program would find it in this file.
const PIECES = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*']

/**
 * The 68 bytes of the harmless pattern that every antivirus program agrees to find.
 *
 * @see https://www.eicar.org/download-anti-malware-testfile/
 */
export function eicar(): Buffer {
  return Buffer.from(PIECES.join(''), 'latin1')
}
