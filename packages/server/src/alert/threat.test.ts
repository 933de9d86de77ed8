import { describe, expect, it } from 'vitest'
import { readThreat } from './threat.ts'

describe('the name of a threat', () => {
  it.each([
    ['Win.Trojan.Agent-1234567-0', 'Agent', 'Medium'],
    ['Win.Ransomware.WannaCry-6313787-0', 'WannaCry', 'High'],
    ['Unix.Backdoor.Mirai-9', 'Mirai', 'High'],
    ['Php.Webshell.C99-1', 'C99', 'High'],
    ['Win.Virus.Sality:1-6335700-1', 'Sality:1', 'High'],
    ['PUA.Win.Packer.Upx-48', 'Packer.Upx', 'Low'],
    ['Osx.Adware.Genieo-5', 'Genieo', 'Low'],
    ['Heuristics.Phishing.Email.SpoofedDomain', 'Email.SpoofedDomain', 'Medium'],
    ['Eicar-Test-Signature', 'Eicar-Test-Signature', 'Informational'],
    ['Win.Test.EICAR_HDB-1', 'EICAR_HDB', 'Informational'],
    ['Clamav.Test.File-6', 'File', 'Informational'],
    ['Win.Trojan.Testudo-1', 'Testudo', 'Medium'],
    ['Our.Own.Rule.UNOFFICIAL', 'Rule', 'Medium'],
    ['Anything-7.UNOFFICIAL', 'Anything', 'Medium'],
    ['Trojan:Win32/Agent.AB!MTB', 'Agent', 'Medium'],
    ['Ransom:Win32/WannaCrypt', 'WannaCrypt', 'High'],
    ['Virus:DOS/EICAR_Test_File', 'EICAR_Test_File', 'Informational'],
    ['PUA:Win32/InstallCore', 'InstallCore', 'Low'],
    ['-12', '-12', 'Medium'],
  ])('%s is of the family %s and of %s severity', (name, family, severity) => {
    expect(readThreat(name)).toMatchObject({ name, family, severity })
  })

  it.each([
    ['Eicar-Test-Signature', "'Eicar-Test-Signature' test pattern was detected"],
    ['PUA.Win.Packer.Upx-48', "'PUA.Win.Packer.Upx-48' unwanted software was detected"],
    ['Win.Trojan.Agent-1', "'Win.Trojan.Agent-1' malware was detected"],
  ])('%s becomes a title that says what kind of thing it is', (name, title) => {
    expect(readThreat(name).title).toBe(title)
  })

  it('loses what could fool a reader, and nothing else', () => {
    const name = 'a\'b"c\nd\u001b[2Je\u202ef\\<b>é'
    expect(readThreat(name).name).toBe('a\'b"c\\x0ad\\x1b[2Je\\xe2\\x80\\xaef\\\\<b>é')
  })
})
