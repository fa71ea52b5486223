/**
 * The frame of everything that runs on a host: POSIX sh (dash, bash, BusyBox ash), read whole before its first
 * command runs, so that a cut connection runs nothing: half a brace group is a syntax error, where a last line that
 * was cut after `main` would run. `root` and `PATH` are its only parameters: empty and the
 * usual folders on a host; a sandbox sets both.
 */
export function hostScript(functions: string, commands: string): string {
  return `main() {
unset ENV CDPATH IFS
LC_ALL=C; export LC_ALL
umask 077
root=\${VFIO_RUN_ROOT:-}
PATH=\${VFIO_RUN_PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}; export PATH
state=$root/var/lib/vfio-run
${functions}
${commands}
}
{ main </dev/null; }
`
}
