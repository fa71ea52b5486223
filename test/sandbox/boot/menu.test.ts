import { describe, expect, test } from 'vitest'
import { grubenv } from '../show/installed.ts'
import { bootedEntry } from './menu.ts'

const menu = (chosen: string) => `
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${chosen}"
fi
function savedefault {
  if [ -z "\${boot_once}" ]; then
    saved_entry="\${chosen}"
  fi
}
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'simple-id' {
	load_video
	echo	'Loading Linux 6.1 ...'
	linux	/boot/vmlinuz-6.1 root=UUID=abc ro  quiet dyndbg="file drivers/usb/* +p"
	initrd	/boot/initrd.img-6.1
}
submenu 'Advanced options' $menuentry_id_option 'advanced-id' {
	menuentry 'Linux 6.1' $menuentry_id_option '6.1-id' {
		linux	/boot/vmlinuz-6.1 root=UUID=abc ro
		initrd	/boot/initrd.img-6.1
	}
	menuentry 'Linux 5.10' $menuentry_id_option '5.10-id' {
		linux	/boot/vmlinuz-5.10 root=UUID=abc ro
		initrd	/boot/initrd.img-5.10
	}
}
if [ "$grub_platform" = "efi" ]; then
	menuentry 'Firmware' $menuentry_id_option 'uefi-firmware' {
		fwsetup
	}
fi
`

describe('GRUB boots', () => {
  test.each<[string, string, Record<string, string>, string]>([
    ['the first entry by number', '0', {}, 'Debian GNU/Linux'],
    ['an entry of a submenu by numbers', '1>1', {}, 'Linux 5.10'],
    ['an entry of a submenu by ids', 'advanced-id>5.10-id', {}, 'Linux 5.10'],
    ['an entry by title', 'Advanced options>Linux 6.1', {}, 'Linux 6.1'],
    ['the first of a submenu that is named alone', '1', {}, 'Linux 6.1'],
    ['the first entry where the name fits none', 'Gentoo', {}, 'Debian GNU/Linux'],
    ['the saved entry', `\${saved_entry}`, { saved_entry: 'advanced-id>5.10-id' }, 'Linux 5.10'],
    ['the first entry where nothing is saved', `\${saved_entry}`, {}, 'Debian GNU/Linux'],
    ['the next entry before any default', '0', { next_entry: '1>1' }, 'Linux 5.10'],
  ])('%s', (_, chosen, environment, title) => {
    expect(bootedEntry(menu(chosen), grubenv(environment)).title).toBe(title)
  })

  test('with a command line of single blanks, and quotes only round arguments with blanks', () => {
    expect(bootedEntry(menu('0'), grubenv({}))).toMatchObject({
      kernel: '/boot/vmlinuz-6.1',
      initrd: '/boot/initrd.img-6.1',
      cmdline: 'BOOT_IMAGE=/boot/vmlinuz-6.1 root=UUID=abc ro quiet "dyndbg=file drivers/usb/* +p"',
    })
  })
})
