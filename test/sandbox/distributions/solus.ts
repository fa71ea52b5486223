import { join } from 'node:path'
import { dracutLoads } from '../boot/inits.ts'
import { startSystemdBoot } from '../boot/loaders/systemd_boot.ts'
import type { MachineDescription } from '../description.ts'
import { type Distribution, kernelFile } from '../distribution.ts'
import { common, files, rootUuid, usrMerged } from '../show/installed.ts'
import { type Entry, filesIn, folder, type Tree } from '../tree.ts'
import { dracut } from './generators.ts'

/**
 * Solus as the guide of 2015 has it: Goofiboot, the ESP at /boot/efi with one entry, solus.conf, whose first lines are
 * those of the installer of that time. The kernel is one's own (the guide compiles it for the override patch) and on
 * the ESP below the machine's id, where dracut puts the image when it is not told another place.
 */
export const solus: Distribution = {
  programs: dracut.programs,
  kernelBuilder: '(root@z170-a) (gcc (Solus) 12.3.0, GNU ld (GNU Binutils) 2.40)',
  disk,
  install: dracut.install,
  start: disk => startSystemdBoot(disk, { info: 'goofiboot 2', boot: ESP, idsHaveSuffix: false }),
  loads: dracutLoads,
}

const ESP = '/boot/efi'
const MACHINE_ID = 'b4e1c7a05d924f3c9a6e8b2f1d705c38'

function disk(machine: MachineDescription): Tree {
  const [kernel] = machine.kernels
  if (kernel === undefined) throw new Error('Solus is described without a kernel')
  const folderOnEsp = `/${MACHINE_ID}/${kernel.release}`
  return new Map([
    ...usrMerged('bin', 'sbin', 'lib', 'lib64'),
    ...common(machine, OS_RELEASE),
    ...['/usr/sbin', '/usr/lib64', '/etc/dracut.conf.d', '/usr/lib/dracut/dracut.conf.d'].map(
      (path): [string, Entry] => [path, folder],
    ),
    ...filesIn(`${ESP}/EFI/goofiboot`, { 'goofibootx64.efi': 'MZ' }, 0o700),
    ...filesIn(`${ESP}/EFI/Boot`, { 'BOOTX64.EFI': 'MZ' }, 0o700),
    ...files({
      '/etc/machine-id': `${MACHINE_ID}\n`,
      '/etc/dracut.conf': DRACUT_CONF,
      [`${ESP}/loader/loader.conf`]: 'default solus\ntimeout 4\n',
      [`${ESP}/loader/entries/solus.conf`]: `title Solus Operating System
linux ${folderOnEsp}/linux
initrd ${folderOnEsp}/initrd
options root=UUID=${rootUuid(machine)} quiet
`,
      [join(ESP, folderOnEsp, 'linux')]: kernelFile(kernel.release),
    }),
  ])
}

const OS_RELEASE = `NAME="Solus"
VERSION="1.0"
ID="solus-project"
PRETTY_NAME="Solus 1.0 Shannon"
ANSI_COLOR="1;34"
HOME_URL="https://solus-project.com"
SUPPORT_URL="https://solus-project.com"
BUG_REPORT_URL="https://bugs.solus-project.com"
`

/** As dracut comes: every choice is a comment, so its images are for any host. */
const DRACUT_CONF = `# PUT YOUR CONFIG HERE OR IN separate files named *.conf
# in /etc/dracut.conf.d
# SEE man dracut.conf(5)

# Sample dracut config file

#logfile=/var/log/dracut.log
#fileloglvl=6

# Exact list of dracut modules to use.  Modules not listed here are not going
# to be included.  If you only want to add some optional modules use
# add_dracutmodules option instead.
#dracutmodules+=""

# dracut modules to omit
#omit_dracutmodules+=""

# dracut modules to add to the default
#add_dracutmodules+=""

# additional kernel modules to the default
#add_drivers+=""

# list of kernel filesystem modules to be included in the generic initramfs
#filesystems+=""

# build initrd only to boot current hardware
#hostonly="yes"
#
`
