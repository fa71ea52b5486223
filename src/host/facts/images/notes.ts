/**
 * What was read of an image is noted in the journal under its path, size and time of modification: unpacking takes
 * seconds. `known_image FILE` prints what is noted when the image is still the one it was read from;
 * `remember_images` reads all and notes them, `remember_images new` those without a note that holds.
 */
export const IMAGE_NOTES = `stamp_of() { stat -L -c '%s:%Y' -- "$1"; }
note_of() { # in $note; without a process of its own: this is all that a look at a known image costs
  p=\${1#"$root"} note=$state/images/
  while case $p in */*) ;; *) false;; esac; do note=$note\${p%%/*}_ p=\${p#*/}; done
  note=$note$p
}
known_image() {
  note_of "$1"; [ -r "$note" ] || return 1
  { read -r s && [ "$s" = "$(stamp_of "$1")" ] && cat; } <"$note"
}
remember_images() {
  which=\${1-all}
  image_files | { set --; while IFS= read -r i; do
    if [ "$which" = new ] && known_image "$i" >/dev/null; then set -- "$@" "$i"; continue; fi
    s=$(stamp_of "$i") || continue
    if b=$(twin_of "$i" "$@"); then b=$(known_image "$root\${b#same }"); else b=$(read_image "$i"); fi
    set -- "$@" "$i"
    case $b in *end) ;; *) continue;; esac
    note_of "$i"; n=$note; t=\${n%/*}/.vfio-run.\${n##*/}
    mkdir -p "$state/images" && printf '%s\\n%s\\n' "$s" "$b" >"$t" && mv -f "$t" "$n"
  done; }
}`
