import { randomBytes } from 'node:crypto'
import { UserError } from '../../errors.ts'
import { textFromBytes } from '../../host/bytes.ts'
import { FilesMoved } from '../../host/facts/files.ts'
import {
  type Extra,
  FramesBroken,
  type Gather,
  type GatherOptions,
  gather,
  type Requests,
} from '../../host/gather.ts'
import type { Host, RebootRecord } from '../../host/host.ts'
import type { Ran } from '../actions/action.ts'
import { applyScript, attachScript } from '../host_scripts/apply.ts'
import { type Frame, frameReader } from '../host_scripts/frames.ts'
import { LOCK_FUNCTIONS } from '../host_scripts/lock.ts'
import { freeLockScript } from '../host_scripts/reboot.ts'
import type { Plan } from '../plan.ts'
import { keptLook } from '../snapshot/look.ts'
import type { Identity } from '../transport/transport.ts'
import type { Link } from './link.ts'
import { lockHeld } from './lock_held.ts'
import { DidNotComeBack, type Patience, Reboot } from './reboot.ts'

export interface SessionOptions {
  /** Names this run in locks and journals. */
  readonly run: string
  /** user@controller. */
  readonly who: string
  /** What the tasks of this run must know beyond the standing facts. */
  readonly extras: ReadonlySet<Extra>
  /** A line that a step on the host has printed. */
  readonly onOutput: (step: string, line: string) => void
  /** What stands for every look at the host, so that it is never reached: for dry runs. Throws UserError. */
  readonly snapshot?: (() => Host) | undefined
  /** What a look has printed, as it can be kept. */
  readonly onLook?: ((kept: Buffer) => void) | undefined
}

/** One host over one run: looks at it, changes it, reboots it. Everything it throws that a user can mend is a UserError. */
export class Session {
  /** The last lines of the steps that ran, for a failure's report. */
  readonly output: string[] = []
  /** The step that failed. */
  failedStep: Ran | undefined
  readonly #link: Link
  readonly #options: SessionOptions
  #segment = 0
  #holdsLock = false
  #requests: Required<Requests>

  constructor(link: Link, options: SessionOptions) {
    this.#link = link
    this.#options = options
    this.#requests = { files: [], packages: [], extras: [...options.extras] }
  }

  /** What looks are to look at from now on, too. @returns whether that is more than before. */
  request({ files = [], packages = [], extras = [] }: Requests): boolean {
    const before = this.#requests
    const after = {
      files: [...new Set([...before.files, ...files])],
      packages: [...new Set([...before.packages, ...packages])],
      extras: [...new Set([...before.extras, ...extras])],
    }
    this.#requests = after
    return KINDS.some(kind => after[kind].length > before[kind].length)
  }

  /** Whether looks look for one of the facts that take long. */
  asksFor(extra: Extra): boolean {
    return this.#requests.extras.includes(extra)
  }

  get #asked(): Pick<GatherOptions, 'extras' | 'requests'> {
    return { extras: new Set(this.#requests.extras), requests: this.#requests }
  }

  /** One exec. `last`: nothing follows, so the lock goes back with it; `settle`: the machine has only just booted. */
  async look(
    identity: Identity,
    { settle = false, last = false }: { settle?: boolean; last?: boolean } = {},
  ): Promise<Host> {
    if (this.#options.snapshot !== undefined) return this.#fromSnapshot(this.#options.snapshot(), identity)
    const commands = [
      ...(settle ? ['command -v udevadm >/dev/null && udevadm settle --timeout=60 2>/dev/null'] : []),
      ...(last && this.#holdsLock ? [`free_lock ${this.#options.run}`] : []),
    ]
    const first =
      commands.length > 0 ? { functions: LOCK_FUNCTIONS, commands: commands.join('\n') } : undefined
    for (let tries = 1; ; tries++) {
      const id = nonce()
      const look = gather(id, { first, ...this.#asked })
      const { stdout, stderr } = await this.#link.sh(look.script, identity)
      try {
        const host = look.parse(stdout)
        if (last) this.#holdsLock = false
        this.#options.onLook?.(keptLook(id, stdout))
        return host
      } catch (error) {
        if (error instanceof FilesMoved && tries < 3) continue
        throw this.#notRead(error, stderr)
      }
    }
  }

  /** What root would have seen is not in what another user saw. */
  #fromSnapshot(host: Host, { become }: Identity): Host {
    if (become?.user !== 'root' || host.uid === 0) return host
    throw new UserError({
      kind: 'failed',
      where: this.#link.target.name,
      why: 'its snapshot was taken without root, and this play runs as root',
      hint: 'take it again with vfio-run inspect -b --save',
    })
  }

  /** One exec; after a lost connection one more to read how it went. Returns the new look that the script took. */
  async apply(
    plan: Plan,
    identity: Identity,
    { release, lockFor, hidden = new Set() }: ApplyWords,
  ): Promise<Host> {
    const segment = ++this.#segment
    this.failedStep = undefined
    const { run, who } = this.#options
    const options = {
      nonce: nonce(),
      run,
      who,
      segment,
      release,
      lockFor,
    }
    const look = gather(options.nonce, this.#asked)
    const script = applyScript(plan, look, options)
    this.#holdsLock = true
    const seen = await this.#runApply(script, { ...options, hidden }, identity)
    if (release && seen.ended.name === 'ok') this.#holdsLock = false
    // What went well is no part of a later failure's report.
    if (seen.ended.name === 'ok') this.output.length = 0
    if (seen.ended.name === 'locked') {
      this.#holdsLock = false
      throw lockHeld(this.#link.target.name, textFromBytes(seen.ended.body))
    }
    if (seen.ended.name === 'failed') {
      this.#holdsLock = false
      const why = withoutHidden(textFromBytes(seen.ended.body), hidden)
      this.failedStep = stepIn(why, this.output)
      throw this.#failed(why, seen.frames)
    }
    return seen.whole
      ? parse(look, seen.stdout, error => this.#notRead(error, seen.stderr))
      : await this.look(identity)
  }

  /** Asks for the reboot and waits for a boot_id that differs. */
  async reboot(record: RebootRecord, identity: Identity, patience: Patience): Promise<void> {
    this.#holdsLock = true
    try {
      await new Reboot(this.#link, this.#options, record, identity).run(patience)
    } catch (error) {
      // Should it come back after all, the lock passes with its time.
      if (error instanceof DidNotComeBack) this.#holdsLock = false
      throw error
    }
  }

  /** After a failure between an apply and its proof: the lock is not for others to wait out. */
  async giveLockBack(identity: Identity): Promise<void> {
    // What was given up may still be at work.
    if (!this.#holdsLock || this.#link.isAbandoned) return
    this.#holdsLock = false
    const free = () => this.#link.sh(freeLockScript(this.#options.run), identity)
    // Where the connection is what failed, over another one.
    await free()
      .catch(() => this.#link.drop().then(free))
      .catch(() => undefined)
  }

  async #runApply(
    script: string,
    options: { nonce: string; run: string; segment: number; hidden: ReadonlySet<string> },
    identity: Identity,
  ): Promise<Applied> {
    const frames: Frame[] = []
    let ended: Frame | undefined
    let step = ''
    const onFrame = (frame: Frame) => {
      frames.push(frame)
      if (frame.name === 'run') {
        const named = textFromBytes(frame.body)
        step = options.hidden.has(named) ? HIDDEN : named
        // Long steps say nothing for a while: they are shown from their start.
        this.#options.onOutput(step, '')
      }
      if (frame.name === 'line' && step !== HIDDEN) this.#onLine(step, textFromBytes(frame.body))
      if (['ok', 'failed', 'locked', 'absent'].includes(frame.name)) ended = frame
    }
    let lost: UserError
    try {
      const { stdout, stderr } = await this.#link.sh(script, identity, frameReader(options.nonce, onFrame))
      if (ended !== undefined) return { frames, ended, stdout, stderr, whole: true }
      // The shell that waits for the work was killed, and the work may go on.
      lost = this.#wordless(stderr)
    } catch (error) {
      if (!(error instanceof UserError && error.kind === 'unreachable') || this.#link.isAbandoned) throw error
      lost = error
    }
    return await this.#attach(options, identity, lost)
  }

  /** The work goes on without us: find it again, and read what it said from the journal. */
  async #attach(
    options: { nonce: string; run: string; segment: number },
    identity: Identity,
    lost: UserError,
  ): Promise<Applied> {
    await this.#link.drop()
    for (let tries = 0; tries < 5; tries++) {
      const again = nonce()
      const frames: Frame[] = []
      try {
        const readers = [options.nonce, again].map(one => frameReader(one, frame => frames.push(frame)))
        await this.#link.sh(attachScript({ ...options, nonce: again }), identity, piece => {
          for (const read of readers) read(piece)
        })
      } catch (error) {
        if (!(error instanceof UserError && error.kind === 'unreachable')) throw error
        await this.#link.drop()
        await this.#link.pause(2 ** tries / 2)
        continue
      }
      const ended = frames.findLast(frame => ['ok', 'failed', 'absent'].includes(frame.name))
      // Cut before the script had arrived whole: nothing ran, nothing was changed.
      if (ended?.name === 'absent')
        throw new UserError({
          kind: lost.kind,
          where: lost.where,
          why: `${lost.why}; nothing was changed`,
          hint: 'run again',
        })
      if (ended === undefined) break
      return { frames, ended, stdout: Buffer.alloc(0), stderr: '', whole: false }
    }
    // What we cannot see may still be at work: the lock is its own.
    this.#holdsLock = false
    throw lost
  }

  #onLine(step: string, line: string): void {
    this.output.push(line)
    if (this.output.length > 40) this.output.shift()
    this.#options.onOutput(step, line)
  }

  #wordless(stderr: string): UserError {
    return this.#failed(`the script ended without a word: ${stderr.trim().split('\n').at(-1) ?? ''}`, [])
  }

  #notRead(error: unknown, stderr: string): unknown {
    if (!(error instanceof FramesBroken || error instanceof FilesMoved)) return error
    const said = stderr.trim().split('\n').at(-1)
    const why =
      error instanceof FilesMoved
        ? 'its configuration keeps changing while it is read'
        : `${error.message}${said ? `: ${said}` : ''}`
    return new UserError({
      kind: 'failed',
      where: this.#link.target.name,
      why,
      hint: 'the login shell must run `sh -s`; try it by hand with ssh',
      cause: error,
    })
  }

  #failed(why: string, frames: readonly Frame[]): UserError {
    const unrestored = frames
      .filter(frame => frame.name === 'unrestored')
      .map(frame => textFromBytes(frame.body))
    const hint =
      unrestored.length > 0
        ? `NOT put back: ${unrestored.join(', ')}; the originals are in /var/lib/vfio-run/runs/${this.#options.run}.${this.#segment} on the host`
        : frames.some(frame => frame.name === 'restored')
          ? 'the files were put back as they were, and the host was not rebooted'
          : frames.some(frame => frame.name === 'rebound')
            ? 'the devices went back to the drivers they were on'
            : undefined
    return new UserError({ kind: 'failed', where: this.#link.target.name, why, hint })
  }
}

const KINDS = ['files', 'packages', 'extras'] as const

interface ApplyWords {
  /** The lock goes back with it. */
  readonly release: boolean
  /** Seconds. */
  readonly lockFor: number
  /** Commands that nobody is to see, nor what they print. */
  readonly hidden?: ReadonlySet<string>
}

const HIDDEN = 'a step that is hidden: no_log'

const withoutHidden = (why: string, hidden: ReadonlySet<string>): string =>
  [...hidden].reduce((text, command) => text.replaceAll(command, HIDDEN), why)

/** How an apply went; `whole`: the output has the look that it took at the end. */
interface Applied {
  readonly frames: readonly Frame[]
  readonly ended: Frame
  readonly stdout: Buffer
  readonly stderr: string
  readonly whole: boolean
}

/** The script's word on a program that failed. */
function stepIn(why: string, output: readonly string[]): Ran | undefined {
  const [, command, exitCode] = /^(.*) failed with exit code (\d+)$/s.exec(why) ?? []
  return command === undefined ? undefined : { command, exitCode: Number(exitCode), output: [...output] }
}

const nonce = (): string => randomBytes(12).toString('hex')

function parse(look: Gather, stdout: Buffer, explain: (error: unknown) => unknown): Host {
  try {
    return look.parse(stdout)
  } catch (error) {
    throw explain(error)
  }
}
