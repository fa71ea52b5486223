const MOUNTS = ['/boot', '/efi', '/boot/efi']
const FOLDERS = ['', '/limine', '/boot', '/boot/limine', '/EFI/limine', '/EFI/BOOT']

/** Where Limine looks for its configuration, as far as file systems are mounted (CONFIG.md, Location). */
export const LIMINE_FILES = ['.conf', '.cfg'].flatMap(extension =>
  MOUNTS.flatMap(mount => FOLDERS.map(folder => `${mount}${folder}/limine${extension}`)),
)
