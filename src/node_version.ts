/**
 * The first thing that is loaded: an older Node would only fail later, in the middle of a run. In a checkout `npm ci`
 * brings the right one, and npm's scripts and npx use it.
 */
const NEEDED = 24

if (Number.parseInt(process.versions.node, 10) < NEEDED) {
  process.stderr.write(`vfio-run needs Node ${NEEDED} or later, and this is ${process.versions.node}\n`)
  process.exit(5)
}
