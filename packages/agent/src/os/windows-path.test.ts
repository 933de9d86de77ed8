import { describe, expect, it } from 'vitest'
import { defaultPaths } from './paths.ts'
import { isWindowsPath, renderWindowsPath, windowsPathBytes } from './windows-path.ts'
import { parseRegistryValues } from './windows-registry.ts'

describe('a path of Windows', () => {
  it('is shown as people write it', () => {
    expect(renderWindowsPath('C:\\Users\\é\\a b.exe')).toEqual({ text: 'C:\\Users\\é\\a b.exe' })
  })

  it.each([
    ['a half of a character', 'C:\\\ud83d.exe', 'C:\\\\\\xed\\xa0\\xbd.exe'],
    ['a mark that turns the reading round', 'C:\\gnp.\u202eexe', 'C:\\\\gnp.\\xe2\\x80\\xaeexe'],
    ['a line break', '\\\\server\\a\nb', '\\\\\\\\server\\\\a\\x0ab'],
  ])('with %s is escaped, and comes with its bytes', (_what, path, text) => {
    const rendered = renderWindowsPath(path)
    expect(rendered.text).toBe(text)
    expect(Buffer.from(rendered.base64 ?? '', 'base64')).toEqual(windowsPathBytes(path))
  })

  it('has other bytes than every other path, halves included', () => {
    const names = ['\ud83d', '\ude00', '\ud83d\ude00', '\ude00\ud83d', '\ufffd', '\ud83e', 'a', '']
    expect(new Set(names.map((name) => windowsPathBytes(name).toString('hex'))).size).toBe(names.length)
    expect(windowsPathBytes('\ud83d\ude00')).toEqual(Buffer.from('\ud83d\ude00'))
  })

  it('is cut where it is longer than a report takes', () => {
    expect(renderWindowsPath(`C:\\${'é'.repeat(16_000)}`).text).toMatch(/…$/)
  })

  it('is told from those of other systems', () => {
    expect(['C:\\a', 'c:/a', '\\\\server\\share'].filter(isWindowsPath)).toHaveLength(3)
    expect(['/srv/C:\\a', 'C:a', 'regkey:_HKCU@x', ''].filter(isWindowsPath)).toEqual([])
  })
})

describe('the folders of the agent on Windows', () => {
  it('are the machine’s for an administrator, and the user’s own for a user', () => {
    const env = { ProgramData: 'D:\\Data', LOCALAPPDATA: 'C:\\Users\\u\\AppData\\Local' }
    expect(defaultPaths(true, env, 'win32')).toEqual({
      stateDir: 'D:\\Data\\Fleetsweep\\state',
      configFile: 'D:\\Data\\Fleetsweep\\agent.toml',
      policyFile: 'D:\\Data\\Fleetsweep\\policy.toml',
    })
    expect(defaultPaths(false, env, 'win32').stateDir).toBe('C:\\Users\\u\\AppData\\Local\\Fleetsweep\\state')
    expect(defaultPaths(true, {}, 'win32').policyFile).toBe('C:\\ProgramData\\Fleetsweep\\policy.toml')
  })
})

describe('what reg query writes', () => {
  it('is a value a line, numbers as numbers, and binary ones left out', () => {
    const output =
      '\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\Key\r\n    Name    REG_SZ    LAB    07 \r\n    (Default)    REG_SZ    \r\n    UBR    REG_DWORD    0x1112\r\n    Blob    REG_BINARY    00\r\n\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\Key\\Sub\r\n'
    expect([...parseRegistryValues(output)]).toEqual([
      ['Name', 'LAB    07'],
      ['(Default)', ''],
      ['UBR', '4370'],
    ])
  })
})
