/**
 * `pe_section FILE NAME` prints a section of a PE file, such as `.cmdline` or `.initrd` of a unified kernel image
 * (Microsoft's "PE Format", COFF file header and section table; UAPI.5 for the sections' names). Prints nothing and
 * fails where the file is no PE file or has no such section. What pads a section in the file is not printed.
 */
export const PE_SECTION = `le_number() { # BYTE…: decimal, the least significant first
  n=0 m=1
  for b; do n=$((n + b * m)) m=$((m * 256)); done
}
pe_bytes() { od -An -v -tu1 -j "$2" -N "$3" "$1"; }
pe_section() ( # its variables are its own
  le_number $(pe_bytes "$1" 60 4); h=$n
  set -- "$1" "$2" $(pe_bytes "$1" "$h" 24)
  [ "\${3-} \${4-} \${5-} \${6-}" = '80 69 0 0' ] && [ $# -eq 26 ] || exit 1
  le_number "$9" "\${10}"; count=$n
  [ "$count" -le 96 ] || exit 1
  le_number "\${23}" "\${24}"; t=$((h + 24 + n))
  while [ "$count" -gt 0 ]; do
    name=$(tail -c +$((t + 1)) "$1" | head -c 8 | tr -d '\\0')
    if [ "$name" = "$2" ]; then
      set -- "$1" "$2" $(pe_bytes "$1" $((t + 8)) 16)
      [ $# -eq 18 ] || exit 1
      le_number "$3" "$4" "$5" "$6"; size=$n
      le_number "\${11}" "\${12}" "\${13}" "\${14}"; [ "$size" -gt 0 ] && [ "$size" -le "$n" ] || size=$n
      le_number "\${15}" "\${16}" "\${17}" "\${18}"
      tail -c +$((n + 1)) "$1" | head -c "$size"
      exit
    fi
    t=$((t + 40)) count=$((count - 1))
  done
  exit 1
)`
