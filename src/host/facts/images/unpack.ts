/**
 * `unpack_with PROGRAM IMAGE` leaves in $t/content what an image has (listed_content) and in the folder it runs in the
 * files whose bytes are read. Where it fails, $t/why may say why.
 *
 * An image is one or more cpio archives, of which the last may be compressed (Documentation/driver-api/early-userspace/
 * buffer-format.rst of the kernel). Each is listed before anything of it is unpacked, and then only files that no
 * archive of the image has as a link or a device too: a link would be followed out of the folder (GNU cpio 2.13 does
 * so). Generators' own programs unpack with the same cpio and take less care (lsinitrd of dracut 059 would even
 * follow absolute names), so those are asked only where there is neither cpio nor bsdtar.
 */
export const UNPACK_IMAGE = `bytes_at() { od -An -v -tx1 -j "$2" -N "$3" "$1" | tr -d ' \\n'; } # FILE OFFSET COUNT
archives_in() { # FILE: the offset of each archive; the zeros between them belong to none
  set -- "$1" $(grep -abo 'TRAILER!!!' "$1" | cut -d : -f 1)
  image=$1 at=0; shift
  while b=$(od -An -v -tx1 -j "$at" -N 512 "$image") && [ -n "$b" ]; do
    for x in $b; do [ "$x" = 00 ] || break; at=$((at + 1)); done
    [ "$x" != 00 ] || continue
    echo "$at"
    case $(bytes_at "$image" "$at" 6) in 30373037303[12]) ;; *) return;; esac
    # The name of its last entry, behind a header of 110 bytes (cpio(5), "New ASCII Format").
    while [ $# -gt 0 ] && { [ "$1" -lt "$at" ] || [ "$(bytes_at "$image" $(($1 - 110)) 5)" != 3037303730 ]; }; do shift; done
    [ $# -gt 0 ] || return
    at=$(($1 + 12))
  done
}
decompressed() { # FILE OFFSET
  case $(bytes_at "$1" "$2" 6) in
    1f8b*) d='gzip -dc';; 425a68*) d='bzip2 -dc';; fd377a58*|5d0000*) d='xz -dc';; 28b52ffd*) d='zstd -dcq';;
    02214c18*|04224d18*) d='lz4 -dc';; 894c5a4f*) d='lzop -dc';; 3037303730*) d=cat;; *) return 1;;
  esac
  command -v "\${d%% *}" >/dev/null || { echo "lacks \${d%% *}" >>"$t/why"; return 1; }
  tail -c +$(($2 + 1)) "$1" | $d
}
list_archive() { # PROGRAM
  case $1 in cpio) cpio -itvn --quiet --no-absolute-filenames;; bsdtar) bsdtar --numeric-owner -tvf -;; esac
}
unpack_archive() { # PROGRAM NAME…
  p=$1; shift
  case $p in cpio) cpio -idu --quiet --no-absolute-filenames -- "$@";; bsdtar) bsdtar -xf - -- "$@";; esac
}
unpack_with() {
  case $1 in
    cpio|bsdtar) unpack_listed "$@"; return;;
    unmkinitramfs) unmkinitramfs "$2" .;;
    lsinitcpio) lsinitcpio -x "$2";;
    lsinitrd) lsinitrd --unpack "$2";;
  esac && list_unpacked && listed_content "$t/listing" >"$t/content"
}
unpack_listed() { # PROGRAM IMAGE
  archives_in "$2" >"$t/archives" && [ -s "$t/archives" ] || return
  while read -r o; do
    echo "archive $o"
    decompressed "$2" "$o" | list_archive "$1" || return
  done <"$t/archives" >"$t/listing"
  listed_content "$t/listing" >"$t/content" || return
  while read -r o; do unpack_taken "$@" "$o" || return; done <"$t/archives"
}
unpack_taken() ( # PROGRAM IMAGE OFFSET
  p=$1 image=$2 o=$3 IFS='
'
  set -f
  set -- $(sed -n "s/^take $o //p" "$t/content")
  unset IFS
  [ $# -eq 0 ] || decompressed "$image" "$o" | unpack_archive "$p" "$@"
)
list_unpacked() { # what a generator's own program left, as cpio lists it; several archives are in folders of their own
  set -- .
  [ ! -d main ] || set -- early* main
  for d; do [ ! -d "$d" ] || (cd "$d" && find . -exec ls -ldn {} +) || return; done >"$t/listing"
  [ ! -d main ] || cd main
}`
