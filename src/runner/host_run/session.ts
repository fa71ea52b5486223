import { randomBytes } from 'node:crypto'
import { UserError } from '../../errors.ts'
import { textFromBytes } from '../../host/bytes.ts'
import { FilesMoved } from '../../host/facts/files.ts'
import { type Extra, FramesBroken, type Gather, gather } from '../../host/gather.ts'
import type { Host, RebootRecord } from '../../host/host.ts'
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
  readonly #link: Link
  readonly #options: SessionOptions
  #segment = 0
  #holdsLock = false

  constructor(link: Link, options: SessionOptions) {
    this.#link = link
    this.#options = options
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
      const look = gather(id, { first, extras: this.#options.extras })
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
    { release, lockFor }: { release: boolean; lockFor: number },
  ): Promise<Host> {
    const segment = ++this.#segment
    const { run, who } = this.#options
    const options = {
      nonce: nonce(),
      run,
      who,
      segment,
      release,
      lockFor,
    }
    const look = gather(options.nonce, { extras: this.#options.extras })
    const script = applyScript(plan, look, options)
    this.#holdsLock = true
    const seen = await this.#runApply(script, options, identity)
    if (release && seen.ended.name === 'ok') this.#holdsLock = false
    // What went well is no part of a later failure's report.
    if (seen.ended.name === 'ok') this.output.length = 0
    if (seen.ended.name === 'locked') {
      this.#holdsLock = false
      throw lockHeld(this.#link.target.name, textFromBytes(seen.ended.body))
    }
    if (seen.ended.name === 'failed') {
      this.#holdsLock = false
      throw this.#failed(textFromBytes(seen.ended.body), seen.frames)
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
    options: { nonce: string; run: string; segment: number },
    identity: Identity,
  ): Promise<Applied> {
    const frames: Frame[] = []
    let ended: Frame | undefined
    let step = ''
    const onFrame = (frame: Frame) => {
      frames.push(frame)
      if (frame.name === 'run') {
        step = textFromBytes(frame.body)
        // Long steps say nothing for a while: they are shown from their start.
        this.#options.onOutput(step, '')
      }
      if (frame.name === 'line') this.#onLine(step, textFromBytes(frame.body))
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

/** How an apply went; `whole`: the output has the look that it took at the end. */
interface Applied {
  readonly frames: readonly Frame[]
  readonly ended: Frame
  readonly stdout: Buffer
  readonly stderr: string
  readonly whole: boolean
}

const nonce = (): string => randomBytes(12).toString('hex')

function parse(look: Gather, stdout: Buffer, explain: (error: unknown) => unknown): Host {
  try {
    return look.parse(stdout)
  } catch (error) {
    throw explain(error)
  }
}
