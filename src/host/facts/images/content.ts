import { RULES_FILE } from '../../address_binding.ts'

/** The name of the rules that bind by address, as a regular expression. */
const RULES = RULES_FILE.slice(RULES_FILE.lastIndexOf('/') + 1).replaceAll('.', '\\.')

/**
 * What generators leave in an image. `listed_content LISTING` prints what can be told from the lines of ls(1), cpio(1) or bsdtar(1): `made NAME`,
 * `release R`, `module PATH`; then `file PATH` of each file whose bytes are read and `link PATH TARGET` (a tab between)
 * of each link to such a one; and `take ARCHIVE NAME` of what must be unpacked for that. It fails where this is no
 * image's. `tell_image` prints what $t/content has of that and what is in the files, unpacked in the folder it runs in.
 *
 * Of a modprobe.d link mkinitramfs copies the target too: as a relative link, in older versions as it was (copy_file()).
 */
export const IMAGE_CONTENT = `listed_content() {
  awk '
    function plain(path) {
      gsub(/\\/(\\.?\\/)+/, "/", path); sub(/^(\\.?\\/)+/, "", path); sub(/\\/\\.?$/, "", path)
      return path == "." ? "" : path
    }
    function is_read(path) {
      return path ~ /^(conf\\/modules|config|etc\\/booster\\.init\\.yaml|etc\\/cmdline\\.d\\/[^\\/]*\\.conf|(etc|usr\\/lib)\\/modules-load\\.d\\/MODULES\\.conf|((usr\\/)?lib|etc)\\/udev\\/rules\\.d\\/${RULES})$/ || is_modprobe(path)
    }
    function is_modprobe(path) { return path ~ /^(etc|run|lib|usr\\/lib|usr\\/local\\/lib)\\/modprobe\\.d\\/[^\\/]*\\.conf$/ }
    function end_of(path,   part, at, out, hops) { # where links lead to, below the root of the image
      while (path != "") {
        part = path; sub(/\\/.*/, "", part)
        if (!sub(/^[^\\/]*\\//, "", path)) path = ""
        if (part == "" || part == ".") continue
        if (part == "..") { if (!sub(/\\/[^\\/]*$/, "", out)) out = ""; continue }
        at = out == "" ? part : out "/" part
        if (!(at in link)) { out = at; continue }
        if (++hops > 40) return ""
        path = link[at] "/" path
        if (path ~ /^\\//) out = ""
      }
      return out
    }
    /^archive [0-9]+$/ { archive = $2; next }
    !/^[-bcdlpsh?][-rwxsStT][-rwxsStT]/ { next }
    {
      name = $0; kind = substr(name, 1, 1); links = $2
      # Before the name: mode, links, owner, group, size, month, day, year; of devices "MAJOR, MINOR" in GNU cpio.
      for (n = $5 ~ /,$/ ? 9 : 8; n > 1; n--) sub(/^[^ ]+ +/, "", name)
      sub(/^[^ ]+ /, "", name)
      if (kind == "l" && (n = index(name, " -> "))) { target = substr(name, n + 4); name = substr(name, 1, n - 1) }
      if (kind == "-") sub(/ link to .*/, "", name) # bsdtar, of a hard link
      path = plain(name)
      if (kind == "l") link[path] = target
      if (kind == "-") { count++; raw[count] = name; of[count] = path; in_archive[count] = archive; many[count] = links > 1; regular[path] }
      else if (kind != "d") other[path]
      if (path == "init") init = 1
      if (path ~ /^(squash[^\\/]*root|erofs-root)\\.img$/) packed = 1
      if (path ~ /vfio[^\\/]*\\.ko[^\\/]*$/) modules[path]
      path = path (kind == "d" ? "/" : "")
      if (path ~ /^(conf\\/modules$|scripts\\/)/) by["initramfs-tools"]
      if (path == "etc/booster.init.yaml") by["booster"]
      if (path ~ /^(usr\\/)?lib\\/dracut\\//) by["dracut"]
      if (path == "buildconfig" || path == "init_functions") by["mkinitcpio"]
      if (path == "config") config = 1
      if (path ~ /^hooks\\//) hooks = 1
      if (match(path, /^(usr\\/)?lib\\/modules\\/[^\\/]+\\//)) {
        n = substr(path, 1, RLENGTH - 1); sub(/.*\\//, "", n)
        if (release == "" || n < release) release = n
      }
    }
    END {
      if (packed) { print "packed"; exit 1 }
      if (config && hooks) by["mkinitcpio"]
      n = split("initramfs-tools booster dracut mkinitcpio", makers, " ")
      for (i = 1; i <= n && !(makers[i] in by); i++);
      if (i > n && !init) exit 1
      print "made " makers[i]
      if (release != "") print "release " release
      for (path in modules) print "module " path
      for (path in regular) if (is_read(path)) read[path]
      for (path in link) if (is_modprobe(path)) {
        target = end_of(path)
        if (path ~ /[^ -~]/) exit 1
        if (target in regular && !(target in other)) { read[target]; print "link " path "\\t" target }
      }
      for (path in read) if (!(path in other) && is_read(path)) print "file " path
      # The last name of a file that has several holds its bytes (cpio(5)), and any of them may be the last.
      for (i = 1; i <= count; i++) if (of[i] in read && many[i]) together = 1
      for (i = 1; i <= count; i++) if (!(of[i] in other) && (of[i] in read || together && many[i])) {
        if (raw[i] !~ /^[ -~]+$/ || raw[i] ~ /[][*?\\\\]/ || raw[i] ~ /(^|\\/)\\.\\.(\\/|$)/) { if (of[i] in read) exit 1 }
        else if (!((in_archive[i], raw[i]) in taken)) { taken[in_archive[i], raw[i]]; print "take " in_archive[i] " " raw[i] }
      }
    }
  ' "$1"
}
files_of() { # PATTERN: what is in those
  sed -n 's/^file //p' "$t/content" | while IFS= read -r p; do case $p in $1) cat -- "$p"; echo;; esac; done
}
loads_of() { # MAKER: what its init loads by name
  case $1 in
    initramfs-tools) files_of conf/modules | sed -n 's/^[[:blank:]]*\\(vfio\\)/load \\1/p';;
    # rd.driver.pre= takes names with commas between, and the last of a name's dashes may be left (dracut.sh).
    dracut) files_of 'etc/cmdline.d/*' | tr ' \\t' '\\n\\n' | sed -n 's/^rd\\.driver\\.pre=//p' | tr -d "\\"'" | tr , '\\n' | sed 's/^/load /';;
    # With the systemd hook its init reads the first, with busybox the second (install/systemd, init_functions).
    mkinitcpio)
      files_of '*/modules-load.d/*' | sed -n 's/^[[:alnum:]]/load &/p'
      files_of config | sed -n 's/^MODULES=//p' | tr -d "()\\"'" | tr ' \\t' '\\n\\n' | sed -n 's/^./load &/p';;
    booster)
      files_of etc/booster.init.yaml | sed -n '/^modules_force_load:/,/^[^ -]/s/^ *- */load /p; s/^kernel: */release /p'
      files_of etc/booster.init.yaml | sed -n '/^modprobe_options:/,/^[^ ]/s/^ \\{1,\\}\\(vfio\\)/option \\1/p';;
  esac
}
tell_image() { # of the tree we are in; fails where a file that is read is not there
  sed -n 's/^file //p; s/^link .*\\t//p' "$t/content" | while IFS= read -r p; do [ -f "$p" ] && [ ! -L "$p" ] || exit 1; done || return
  sed -n '/^made /p; /^release /p; /^module /p' "$t/content"
  loads_of "$(sed -n 's/^made //p' "$t/content")"
  sed -n 's/^file \\(.*modprobe\\.d\\/\\)/.\\/\\1/p; s/^file \\(.*udev\\/rules\\.d\\/\\)/.\\/\\1/p' "$t/content" | sort | tr '\\n' '\\0' | xargs -0 -r sha256sum -- | sed 's/^/file /'
  sed -n 's/^link //p' "$t/content" | sort | while IFS='	' read -r l p; do h=$(sha256sum <"$p"); echo "file \${h%% *}  ./$l"; done
  echo end
}`
