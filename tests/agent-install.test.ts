import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { isCounted, Scan } from '@fleetsweep/protocol'
import { eicar, until } from '@fleetsweep/testkit'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BareFleet } from './bare-system/bare-fleet.ts'
import { BareMachine } from './bare-system/bare-machine.ts'
import { BareNetwork } from './bare-system/bare-network.ts'

const scans = Compile(Type.Array(Scan))
const FETCH = 'curl -fsSk https://10.0.0.1:8443/fleet/v1/agent/install.sh'
const RUNNING = /^\/opt\/fleetsweep-agent\/versions\/[\d.]+\/node (?:--\S+ )+\S+ run$/

let network: BareNetwork
let fleet: BareFleet
beforeAll(async () => {
  network = await BareNetwork.create()
  fleet = await BareFleet.start(network)
})
afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
  await network?.[Symbol.asyncDispose]()
})

describe('the line that is pasted on a machine of the least of a Debian', () => {
  it('installs, enrolls and starts the agent, which scans by order over the API and goes without a trace', async () => {
    await using machine = await BareMachine.boot(network, { packageManager: 'apt-get' })
    await fleet.run('device-groups', 'create', 'Bare', '--rule', 'name startsWith bare')
    await fleet.run('device-groups', 'policy', 'Bare', '--on-detection', 'quarantine')
    const before = machine.files()

    const installed = await machine.paste(`${await fleet.command()} --start`)
    expect(installed).toMatchObject({ code: 0, err: expect.stringContaining('Enrolled as the new machine') })
    expect(await machine.processes()).toEqual([expect.stringMatching(RUNNING)])

    // The medium with the packages is taken out: it is no part of the machine.
    await machine.run('umount /media/packages /media/signatures')
    writeFileSync(join(machine.root, 'root/invoice.pdf.com'), eicar())
    const said = await fleet.run('scan', 'bare.example', '--type', 'full', '--wait', '--json')
    const [scan] = scans.Parse(JSON.parse(said))
    expect(scan).toMatchObject({
      status: 'Succeeded',
      conclusion: { word: 'threatsFound' },
      detections: [{ path: { text: '/root/invoice.pdf.com' }, disposition: 'quarantined' }],
    })
    if (!scan?.report || !isCounted(scan.report)) throw new Error('The report counts nothing.')
    const { met, scanned, duplicate, notScanned } = scan.report.coverage
    // All but what is no regular file, and what agent and engine work with.
    const left = notScanned.specialFile.files + notScanned.excluded.files + notScanned.vanished.files
    expect(met.files).toBe(scanned.files + duplicate.files + left)
    expect(left).toBeLessThan(30)
    expect(scanned.files).toBeGreaterThan(1_000)

    const removed = await machine.run('fleetsweep-agent uninstall')
    expect(removed).toMatchObject({ code: 0, err: expect.stringContaining('--purge removes them, too') })
    expect(await machine.processes()).toEqual([])
    const kept = machine.changesSince(before).map((path) => path.replace(/[0-9a-f-]{36}/, 'ID'))
    expect(kept).toEqual([
      '/var/lib/fleetsweep-agent',
      '/var/lib/fleetsweep-agent/quarantine',
      '/var/lib/fleetsweep-agent/quarantine/ID.json',
      '/var/lib/fleetsweep-agent/quarantine/ID.sealed',
      '/var/lib/fleetsweep-agent/quarantine/key',
    ])

    // Who installs it again has the files again, and the configuration is the owner's.
    await machine.run('mkdir /etc/fleetsweep && echo \'logLevel = "warn"\' >/etc/fleetsweep/agent.toml')
    expect(await machine.paste(await fleet.command())).toMatchObject({ code: 0 })
    const listed = await machine.run('fleetsweep-agent quarantine list')
    expect(listed.out).toContain('/root/invoice.pdf.com')
    await machine.paste(`${FETCH} | sh -s -- --remove`)
    expect(existsSync(join(machine.root, 'etc/fleetsweep/agent.toml'))).toBe(true)
    await machine.paste(`${FETCH} | sh -s -- --remove --purge`)
    expect(machine.changesSince(before)).toEqual([])
  })

  it.each(['dnf', 'zypper'] as const)('gets what is missing from %s', async (packageManager) => {
    await using machine = await BareMachine.boot(network, { packageManager })
    const before = machine.files()

    const installed = await machine.paste(await fleet.command())
    expect(installed).toMatchObject({ code: 0, err: expect.stringContaining('Let your supervisor run') })
    expect(existsSync(join(machine.root, 'usr/sbin/clamd'))).toBe(true)

    expect(await machine.run('fleetsweep-agent uninstall')).toMatchObject({ code: 0 })
    expect(machine.changesSince(before)).toEqual([])
  })

  it('runs a script that makes do with wget, and leaves the engine to somebody else when told to', async () => {
    await using machine = await BareMachine.boot(network, { packageManager: 'apt-get' })
    const before = machine.files()
    const token = /fse1\.[\w-]+/.exec(await fleet.command())?.[0]
    const fetch = 'wget -q -O - --no-check-certificate https://10.0.0.1:8443/fleet/v1/agent/install.sh'

    await machine.run('mv /usr/bin/curl /root/curl')
    const installed = await machine.paste(`${fetch} | sh -s -- --no-engine --token ${token}`)
    expect(installed).toMatchObject({ code: 0, err: expect.stringContaining('Enrolled as the new machine') })
    expect(existsSync(join(machine.root, 'usr/sbin/clamd'))).toBe(false)

    await machine.run('fleetsweep-agent uninstall; mv /root/curl /usr/bin/curl')
    expect(machine.changesSince(before)).toEqual([])
  })

  it('makes a service where systemd is, and takes it away again', async () => {
    await using machine = await BareMachine.boot(network, { packageManager: 'apt-get', systemd: true })
    const before = machine.files()

    expect(await machine.paste(await fleet.command())).toMatchObject({ code: 0 })
    await until(async () => RUNNING.test((await machine.processes()).join()), 'the service runs')
    const link = 'etc/systemd/system/multi-user.target.wants/fleetsweep-agent.service'
    expect(readlinkSync(join(machine.root, link))).toBe('/etc/systemd/system/fleetsweep-agent.service')

    expect(await machine.run('fleetsweep-agent uninstall --purge')).toMatchObject({ code: 0 })
    expect(await machine.processes()).toEqual([])
    expect(machine.changesSince(before)).toEqual([])
  })
})

describe('an installation that cannot be', () => {
  let machine: BareMachine
  beforeAll(async () => {
    machine = await BareMachine.boot(network, { packageManager: 'apt-get' })
    await machine.run('apt-get update; apt-get install libatomic1 libstdc++6 clamav-daemon')
  })
  afterAll(() => machine?.[Symbol.asyncDispose]())

  /** Pastes a line that must fail, and says what it said. */
  async function refused(command: string, shell = 'sh'): Promise<string> {
    const before = machine.files()
    const { code, err } = await machine.run(shell, `${command}\n`)
    expect(code).not.toBe(0)
    expect(machine.changesSince(before)).toEqual([])
    expect(await machine.processes()).toEqual([])
    return err
  }

  it('runs nothing of a server whose authority is not the one of the line', async () => {
    const command = (await fleet.command()).replace(/'[0-9a-f]{64} {2}-'/, `'${'ab'.repeat(32)}  -'`)
    expect(await refused(command)).toBe(
      'The server shows another certificate authority than that of this command, or none. Nothing was installed.\n',
    )
  })

  it('runs nothing of a server that is not there', async () => {
    const command = (await fleet.command()).replaceAll(':8443', ':8444')
    expect(await refused(command)).toMatch(
      /^curl: .*\nThe server shows another .*Nothing was installed\.\n$/s,
    )
  })

  it('believes no authority but that of the token, whoever sent the script', async () => {
    const token = /fse1\.[\w-]+/.exec(await fleet.command())?.[0] ?? ''
    const content = Buffer.from(token.slice(5), 'base64url').toString()
    const forged = content.replace(/"caSha256":"\w+"/, `"caSha256":"${'cd'.repeat(32)}"`)
    const other = `fse1.${Buffer.from(forged).toString('base64url')}`
    expect(await refused(`${FETCH} | sh -s -- --token ${other}`)).toContain(
      'is not the one of the enrollment token',
    )
  })

  it('ends where the token was used as often as it may be', async () => {
    const command = await fleet.command()
    await machine.paste(command)
    await machine.run('fleetsweep-agent uninstall')
    expect(await refused(command)).toMatch(
      /used as often as it may be.*could not be enrolled.*Nothing was installed/s,
    )
  })

  it('ends where the package is not what the script names', async () => {
    using _ = tampered()
    expect(await refused(await fleet.command())).toMatch(/its SHA-256 differs.*Nothing was installed/s)
  })

  it('ends where there is no room for it', async () => {
    await machine.run('mount -t tmpfs -o size=64m none /opt')
    expect(await refused(await fleet.command())).toMatch(
      /could not be unpacked.*It needs 300 MB in .*Nothing was installed/s,
    )
    expect((await machine.run('ls -A /opt && umount /opt')).out).toBe('')
  })

  it('ends on a machine of another architecture', async () => {
    expect(await refused(await fleet.command(), 'linux32 sh')).toMatch(/^There is no agent for (i686|armv8l)/)
  })

  it('ends where a library is missing and no package manager that it knows is there', async () => {
    await using bare = await BareMachine.boot(network)
    const before = bare.files()
    const { code, err } = await bare.paste(await fleet.command())
    expect([code, err]).toEqual([1, expect.stringMatching(/no apt, dnf or zypper.*Nothing was installed/s)])
    expect(bare.changesSince(before)).toEqual([])
  })

  it('ends on a system with musl before it asks a package manager for anything', async () => {
    await machine.run(`mkdir -p /mnt/bin && cp /bin/busybox /mnt/bin && ${FETCH} >/mnt/install.sh
      printf '#!/bin/sh\\necho "$@" >/asked\\n' >/mnt/bin/apk && chmod 755 /mnt/bin/apk
      chroot /mnt /bin/busybox --install -s /bin`)
    const { code, err } = await machine.run('chroot /mnt sh /install.sh --token fse1.AAAA')
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('Systems with musl, such as Alpine, have it not'),
    ])
    expect(readdirSync(join(machine.root, 'mnt'))).toEqual(['bin', 'install.sh'])
    await machine.run('rm -r /mnt/*')
  })

  it('leaves the agent at work that was there before', async () => {
    await machine.paste(`${await fleet.command()} --start`)
    const [files, agent] = [await machine.run('find /opt | sort'), await machine.run(AGENT)]
    {
      using _ = tampered()
      expect(await machine.paste(await fleet.command())).toMatchObject({ code: 1 })
    }
    expect(agent.out).toMatch(/^\/proc\/\d+\n$/)
    expect([await machine.run('find /opt | sort'), await machine.run(AGENT)]).toEqual([files, agent])
    await machine.run('fleetsweep-agent uninstall')
  })
})

/** The process of the installed agent, as its folder in /proc. */
const AGENT = 'for p in /proc/[0-9]*; do case $(readlink $p/exe) in /opt/*/node) echo $p; esac; done'

/** Until it is disposed of, the server sends other archives than it names: one byte is not what it was. */
function tampered(): Disposable {
  const names = readdirSync(fleet.agentFolder).filter((name) => name.endsWith('.tar.gz'))
  const turn = () => {
    for (const name of names) turnByte(join(fleet.agentFolder, name))
  }
  turn()
  return { [Symbol.dispose]: turn }
}

function turnByte(path: string): void {
  const file = openSync(path, 'r+')
  const byte = Buffer.alloc(1)
  readSync(file, byte, 0, 1, 5_000_000)
  writeSync(file, Buffer.from([255 - (byte[0] ?? 0)]), 0, 1, 5_000_000)
  closeSync(file)
}
