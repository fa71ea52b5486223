import { randomBytes } from 'node:crypto'
import { UserError } from '../../../errors.ts'
import { type Bytes, textFromBytes } from '../../../host/bytes.ts'
import { frameReader } from '../../host_scripts/frames.ts'
import { shellQuote } from '../../host_scripts/quote.ts'
import type { Value } from '../../template/template.ts'
import type { ActionContext, ActionResult, Ran } from '../action.ts'
import { clockText, spanText } from '../clock_text.ts'
import type { Common } from './arguments.ts'
import { type Call, LIMIT, probeScript, runScript } from './script.ts'

/** What `command` and `shell` come down to. */
export interface Program extends Common {
  readonly words: readonly string[]
  readonly expands: boolean
  /** As the result has it: words, or a shell's line. */
  readonly shown: string | readonly string[]
}

/** Runs a program on the host, or in a dry run tells whether it would be run. Throws UserError. */
export async function runCommand(program: Program, context: ActionContext): Promise<ActionResult> {
  const call = callOf(program, context.environment)
  return context.check ? await foresee(program, call, context) : await run(program, call, context)
}

function callOf(program: Program, environment: ActionContext['environment']): Call {
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw wrongVariable(name, 'is no name of an environment variable')
    if (value.includes('\0')) throw wrongVariable(name, 'holds a NUL character')
  }
  const { words, expands, chdir, creates, removes, stdin, stdin_add_newline } = program
  return {
    ...{ words, expands, chdir, creates, removes, environment },
    stdin: stdin === undefined ? undefined : stdin + (stdin_add_newline ? '\n' : ''),
  }
}

const wrongVariable = (name: string, why: string): UserError =>
  new UserError({ where: `environment.${name}`, why })

async function foresee(program: Program, call: Call, { sh }: ActionContext): Promise<ActionResult> {
  const cmd = cmdOf(program.shown)
  const unknown: ActionResult = {
    status: 'unknown',
    why: `would run ${asTyped(program.shown)}`,
    unknownBut: { cmd },
  }
  if (call.creates === undefined && call.removes === undefined) return unknown
  const nonce = newNonce()
  const { stdout } = await sh(probeScript(call, nonce))
  return notStarted(program, framesIn(stdout, nonce)) ?? unknown
}

async function run(program: Program, call: Call, { sh }: ActionContext): Promise<ActionResult> {
  const nonce = newNonce()
  const start = new Date()
  const { stdout, stderr } = await sh(runScript(call, nonce))
  const end = new Date()
  const frames = framesIn(stdout, nonce)
  return notStarted(program, frames) ?? ended(program, frames, { start, end }, stderr)
}

const newNonce = (): string => randomBytes(12).toString('hex')

function framesIn(stdout: Uint8Array, nonce: string): ReadonlyMap<string, Bytes> {
  const frames = new Map<string, Bytes>()
  frameReader(nonce, ({ name, body }) => frames.set(name, body))(stdout)
  return frames
}

function notStarted(program: Program, frames: ReadonlyMap<string, Bytes>): ActionResult | undefined {
  const skipped = frames.get('skip')
  if (skipped === 'creates') return leftOut(program, `${program.creates} exists`)
  if (skipped === 'removes') return leftOut(program, `${program.removes} does not exist`)
  const stopped = frames.get('stop')
  if (stopped === undefined) return undefined
  const why =
    stopped === 'chdir'
      ? `cannot change to the folder ${program.chdir}`
      : 'there is no place for what it prints: neither /tmp nor /var/tmp can be written to'
  return { status: 'failed', why, result: { ...NOTHING, cmd: cmdOf(program.shown), msg: why } }
}

/** As Ansible's result of it (lib/ansible/modules/command.py). */
const NOTHING = {
  ...{ rc: null, stdout: '', stdout_lines: [], stderr: '', stderr_lines: [] },
  ...{ start: null, end: null, delta: null },
}

function leftOut({ shown }: Program, because: string): ActionResult {
  const stdout = `skipped, since ${because}`
  return {
    status: 'ok',
    why: `not run: ${because}`,
    result: {
      ...NOTHING,
      rc: 0,
      stdout,
      stdout_lines: [stdout],
      cmd: cmdOf(shown),
      msg: `Did not run command, since ${because}`,
    },
  }
}

function ended(
  program: Program,
  frames: ReadonlyMap<string, Bytes>,
  { start, end }: { readonly start: Date; readonly end: Date },
  said: string,
): ActionResult {
  const command = asTyped(program.shown)
  const cmd = cmdOf(program.shown)
  const [rc, stdout, stderr] = [frames.get('rc'), frames.get('stdout'), frames.get('stderr')]
  if (rc === undefined || stdout === undefined || stderr === undefined) {
    const why = `the shell that ran ${command} ended without a word: ${lastLine(said) || 'it said nothing'}`
    return {
      ...{ status: 'failed', why, result: { ...NOTHING, cmd, msg: why } },
      ran: { command, exitCode: undefined, output: linesOf(said) },
    }
  }
  const exitCode = Number(rc)
  const [out, err] = [stdout, stderr].map(bytes => stripped(program, textFromBytes(bytes)))
  const cut = (['stdout', 'stderr'] as const).flatMap(name => cutText(name, frames))
  const result: Record<string, Value> = {
    ...{ rc: exitCode, cmd, msg: exitCode === 0 ? '' : 'non-zero return code' },
    ...{ stdout: out ?? '', stdout_lines: linesOf(out ?? '') },
    ...{ stderr: err ?? '', stderr_lines: linesOf(err ?? '') },
    ...{ start: clockText(start), end: clockText(end), delta: spanText(start, end) },
    ...(cut.length > 0 && { warnings: cut }),
  }
  const ran: Ran = { command, exitCode, output: lastLines(out ?? '', err ?? '', cut) }
  if (exitCode === 0) return { status: 'changed', why: [`ran ${command}`, ...cut].join('; '), result, ran }
  return { status: 'failed', why: whyFailed(program, exitCode, err ?? ''), result, ran }
}

function whyFailed({ words: [file = ''], shown }: Program, exitCode: number, stderr: string): string {
  // A shell says in its own words that there is no such program.
  if (exitCode === 127 && typeof shown !== 'string') return `exit code 127: the host has no program ${file}`
  return [`exit code ${exitCode}`, lastLine(stderr)].filter(Boolean).join(': ')
}

function cutText(name: 'stdout' | 'stderr', frames: ReadonlyMap<string, Bytes>): readonly string[] {
  const size = Number(frames.get(`${name}_size`))
  return size > LIMIT ? [`${name} has ${size} bytes, of which the first ${LIMIT} were read`] : []
}

const stripped = ({ strip_empty_ends }: Program, text: string): string =>
  strip_empty_ends ? text.replace(/[\r\n]+$/, '') : text

const OUTPUT_LINES = 100

const lastLines = (stdout: string, stderr: string, cut: readonly string[]): readonly string[] =>
  [...linesOf(stdout), ...linesOf(stderr), ...cut].slice(-OUTPUT_LINES)

/** Python's str.splitlines(), which is how stdout_lines comes about. */
function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/)
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

const lastLine = (text: string): string => linesOf(text.trimEnd()).at(-1)?.trim() ?? ''

const cmdOf = (shown: Program['shown']): Value => (typeof shown === 'string' ? shown : [...shown])

const asTyped = (shown: Program['shown']): string =>
  typeof shown === 'string'
    ? shown
    : shown.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : shellQuote(word))).join(' ')
