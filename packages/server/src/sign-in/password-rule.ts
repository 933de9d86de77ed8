export const MIN_PASSWORD_LENGTH = 12
export const MAX_PASSWORD_LENGTH = 256

/** What people choose first when they need twelve characters; compared without case, blanks and a row of digits at the end. */
const COMMON: readonly string[] = [
  'password',
  'passwordpassword',
  'passw0rd',
  'p@ssw0rd',
  'p@ssword',
  'administrator',
  'adminadmin',
  'adminadminadmin',
  'changeme',
  'changemenow',
  'correcthorsebatterystaple',
  'defaultpassword',
  'fleetsweep',
  'iloveyou',
  'letmein',
  'letmeinletmein',
  'mypassword',
  'newpassword',
  'qwerty',
  'qwertyqwerty',
  'qwertyuiop',
  'qwertyuiopasdf',
  'qwertyuiopasdfghjkl',
  'asdfghjkl',
  '1q2w3e4r5t6y',
  '1qaz2wsx3edc',
  'q1w2e3r4t5y6',
  'secret',
  'secretsecret',
  'temporary',
  'thisismypassword',
  'welcome',
  'welcomewelcome',
]

/** Says why somebody may not have a password; `undefined` when they may. There are no rules about what it is made of. */
export function passwordProblem(password: string, userPrincipalName: string): string | undefined {
  const length = [...password].length
  if (length < MIN_PASSWORD_LENGTH) {
    return `The password must have at least ${MIN_PASSWORD_LENGTH} characters. This one has ${length}.`
  }
  if (length > MAX_PASSWORD_LENGTH) return `The password may have at most ${MAX_PASSWORD_LENGTH} characters.`
  const plain = password.toLowerCase().trim()
  const name = userPrincipalName.toLowerCase()
  if (plain === name || plain === name.split('@')[0]) {
    return 'The password must not be the user name.'
  }
  if (isCommon(plain)) return 'This is one of the passwords that are tried first. Choose another.'
  return undefined
}

function isCommon(plain: string): boolean {
  const tight = plain.replace(/\s+/g, '')
  // Digits alone, in a row or all the same, and one character over and over.
  if (/^(\d+|(.)\2+)$/.test(tight)) return true
  return COMMON.includes(tight) || COMMON.includes(tight.replace(/[\d!.?]+$/, ''))
}
