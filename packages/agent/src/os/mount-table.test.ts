import { describe, expect, it } from 'vitest'
import { hiddenLocalMounts, MountTable, parseMountInfo, readMountTable } from './mount-table.ts'

const TABLE = `22 27 0:21 / /proc rw,relatime - proc proc rw
24 27 0:6 / /dev rw,relatime shared:2 - devtmpfs devtmpfs rw,size=12334460k
25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:40 / /mnt/with\\040space\\134and\\012newline rw - nfs4 server:/export rw
41 27 0:41 / /srv/data rw master:1 propagate_from:2 - xfs /dev/vdb rw
42 41 0:42 / /srv/data rw - fuse.sshfs somebody@elsewhere rw
43 27 0:43 / /var/lib/docker/overlay2/a/merged rw - overlay overlay rw
44 40 0:44 / /mnt/with\\040space\\134and\\012newline/disk rw - ext4 /dev/vdc rw
`

describe('the mount table', () => {
  const table = new MountTable(parseMountInfo(TABLE))

  it.each([
    ['/etc/passwd', 'ext4', true],
    ['/', 'ext4', true],
    ['/proc/1/maps', 'proc', false],
    ['/dev/null', 'devtmpfs', false],
    ['/dev/shm/x', 'tmpfs', true],
    ['/development', 'ext4', true],
    ['/mnt/with space\\and\nnewline/file', 'nfs4', false],
    ['/var/lib/docker/overlay2/a/merged/bin/sh', 'overlay', false],
  ])('knows where %j is', (path, fileSystem, isLocal) => {
    expect(table.holding(path)).toMatchObject({ fileSystem, isLocal })
  })

  it('takes the last of several mounts at one place', () => {
    expect(table.at('/srv/data')).toMatchObject({ fileSystem: 'fuse.sshfs', isLocal: false })
  })

  it('calls an overlay local only as the root of a container', () => {
    const container = new MountTable(parseMountInfo('1 0 0:1 / / rw - overlay overlay rw\n'))
    expect(container.holding('/bin/sh')?.isLocal).toBe(true)
  })

  it('finds local disks that are mounted within what is left out', () => {
    const points = hiddenLocalMounts(table, '/').map(({ point }) => point)
    expect(points).toEqual(['/dev/shm', '/mnt/with space\\and\nnewline/disk'])
    expect(hiddenLocalMounts(table, '/srv')).toEqual([])
  })

  it('reads the one of this machine', () => {
    expect(readMountTable().at('/proc')).toMatchObject({ fileSystem: 'proc', isLocal: false })
    expect(readMountTable().holding('/proc/self/fd')).toMatchObject({ point: '/proc' })
  })
})
