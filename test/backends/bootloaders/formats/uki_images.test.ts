import { describe, expect, it } from 'vitest'
import { unifiedImages } from '../../../../src/backends/bootloaders/formats/uki_images.ts'
import { ifKnown } from '../../../../src/host/known.ts'
import { parsesAnything } from '../../../host/facts/any_output.ts'
import { factOf, REAL_SHELLS } from '../../../host/facts/real_shells.ts'
import { unifiedImage } from '../unified_image.ts'

const OSREL = 'ID=arch\nNAME="Arch Linux"\nPRETTY_NAME="Arch Linux (default)"\nVERSION_ID=20240501\n'
const SECTIONS = {
  '.osrel': OSREL,
  '.cmdline': 'root=UUID=5f0a rw\nquiet\n\0',
  '.uname': '6.9.1-arch1-1',
  '.linux': 'kernel',
  '.initrd': 'initrd',
}
const ARCH = {
  title: 'Arch Linux (default)',
  id: 'arch-linux.efi',
  source: '',
  kernel: '/efi/EFI/Linux/arch-linux.efi',
  args: ['root=UUID=5f0a', 'rw', 'quiet'],
  recovery: false,
  unified: { release: '6.9.1-arch1-1', signed: false, sortKey: 'arch', version: '20240501' },
}

describe('looking at unified kernel images', () => {
  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    const look = (contents: Readonly<Record<string, string | { to: string }>>) =>
      ifKnown(factOf(unifiedImages, argv, contents))

    it.skipIf(isMissing)('command line, release and system are those in the image', () => {
      expect(look({ 'efi/EFI/Linux/arch-linux.efi': unifiedImage(SECTIONS) })?.entries).toEqual([ARCH])
    })

    it.skipIf(isMissing)('an image with a certificate table is signed', () => {
      const image = unifiedImage(SECTIONS, { signed: true })
      expect(look({ 'boot/EFI/Linux/arch-linux.efi': image })?.entries).toEqual([
        { ...ARCH, kernel: '/boot/EFI/Linux/arch-linux.efi', unified: { ...ARCH.unified, signed: true } },
      ])
    })

    it.skipIf(isMissing)('the ESP that is there under two names is read once', () => {
      const look2 = look({
        'boot/efi/EFI/Linux/arch-linux.efi': unifiedImage(SECTIONS),
        efi: { to: 'boot/efi' },
      })
      expect(look2?.entries).toEqual([ARCH])
    })

    it.skipIf(isMissing)('whatever is no unified kernel image is no entry', () => {
      const whole = unifiedImage(SECTIONS)
      const menu = look({
        'efi/EFI/BOOT/BOOTX64.EFI': unifiedImage({ '.text': 'code', '.sdmagic': '#### LoaderInfo' }),
        'efi/EFI/Linux/empty.efi': '',
        'efi/EFI/Linux/text.efi': 'no program at all, and longer than a header would be '.repeat(99),
        'efi/EFI/Linux/cut.efi': whole.slice(0, 300),
        'efi/EFI/Linux/far.efi': `${whole.slice(0, 60)}\xff\xff\xff\x7f${whole.slice(64)}`,
        'efi/EFI/Linux/addon.efi': unifiedImage({ '.cmdline': 'debug' }),
      })
      expect(menu?.entries).toEqual([])
    })

    it.skipIf(isMissing)('an image without a command line is an entry without arguments', () => {
      const { '.cmdline': _, ...sections } = SECTIONS
      expect(look({ 'efi/EFI/Linux/a.efi': unifiedImage(sections) })?.entries[0]?.args).toEqual([])
    })
  })

  it('no output makes it throw', () => {
    parsesAnything(unifiedImages)
  })
})
