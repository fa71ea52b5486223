import { randomBytes } from 'node:crypto'
import { UserError } from '../../errors.ts'
import { textFromBytes } from '../../host/bytes.ts'
import { FilesMoved } from '../../host/facts/files.ts'
import { FramesBroken, type Gather, gather } from '../../host/gather.ts'
import type { Host, RebootRecord } from '../../host/host.ts'
import { applyScript, attachScript } from '../host_scripts/apply.ts'
import { type Frame, frameReader } from '../host_scripts/frames.ts'
import { LOCK_FUNCTIONS } from '../host_scripts/lock.ts'
import { BOOT_ID, bootIdScript, freeLockScript, rebootScript } from '../host_scripts/reboot.ts'
import type { Plan } from '../plan.ts'
import { HostKeyRefusal } from '../transport/host_key.ts'
import type { Identity } from '../transport/transport.ts'
import type { Link } from './link.ts'

export interface SessionOptions {
  /** Names this run in locks and journals. */
  readonly run: string
  /** user@controller. */
  readonly who: string
  /** A line that a step on the host has printed. */
  readonly onOutput: (step: string, line: string) => void
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
    const commands = [
      ...(settle ? ['command -v udevadm >/dev/null && udevadm settle --timeout=60 2>/dev/null'] : []),
      ...(last && this.#holdsLock ? [`free_lock ${this.#options.run}`] : []),
    ]
    const first =
      commands.length > 0 ? { functions: LOCK_FUNCTIONS, commands: commands.join('\n') } : undefined
    for (let tries = 1; ; tries++) {
      const look = gather(nonce(), first)
      const { stdout, stderr } = await this.#link.sh(look.script, identity)
      try {
        const host = look.parse(stdout)
        if (last) this.#holdsLock = false
        return host
      } catch (error) {
        if (error instanceof FilesMoved && tries < 3) continue
        throw this.#notRead(error, stderr)
      }
    }
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
    const look = gather(options.nonce)
    const script = applyScript(plan, look, options)
    this.#holdsLock = true
    const seen = await this.#runApply(script, options, identity)
    if (release && seen.ended.name === 'ok') this.#holdsLock = false
    // What went well is no part of a later failure's report.
    if (seen.ended.name === 'ok') this.output.length = 0
    if (seen.ended.name === 'locked') {
      this.#holdsLock = false
      throw this.#locked(textFromBytes(seen.ended.body))
    }
    if (seen.ended.name === 'failed') {
      this.#holdsLock = false
      throw this.#failed(textFromBytes(seen.ended.body), seen.frames)
    }
    return seen.whole
      ? parse(look, seen.stdout, error => this.#notRead(error, seen.stderr))
      : await this.look(identity)
  }

  /** Asks for the reboot and waits for a boot_id that differs, on fresh connections, until one deadline. */
  async reboot(
    record: RebootRecord,
    identity: Identity,
    {
      timeout,
      connectTimeout,
      message,
      onWait,
      stopped,
    }: {
      timeout: number
      connectTimeout: number
      message: string
      onWait: (seconds: number) => void
      stopped: () => boolean
    },
  ): Promise<void> {
    const { run, who } = this.#options
    this.#holdsLock = true
    const script = rebootScript(record, { run, seconds: timeout + 300, who }, message)
    let isAsked = await this.#trigger(script, identity, TRIGGER_LIMIT)
    await this.#link.drop()
    const start = Date.now()
    let last: unknown
    let refusal: unknown
    for (let tries = 0; ; tries++) {
      const pause = Math.min(2 ** tries, 12) + Math.random()
      const elapsed = (Date.now() - start) / 1000
      if (elapsed + pause > timeout) break
      await this.#link.pause(pause)
      if (stopped()) throw this.#failed('interrupted while it was rebooting; look whether it came back', [])
      onWait((Date.now() - start) / 1000)
      const rest = () => Math.max(1, timeout - (Date.now() - start) / 1000)
      const whole = Math.min(connectTimeout + ANSWER_LIMIT, rest())
      const began = Date.now()
      const bootId = await this.#bootId({ connect: connectTimeout, whole }).catch(error => {
        if (this.#isFinal(error)) throw error
        // What an earlier try has heard tells more than that the deadline cut this one short.
        const isCutShort = whole < connectTimeout && Date.now() - began >= whole * 950
        if (tries === 0 || !isCutShort) last = error
        return undefined
      })
      if (bootId !== undefined) last = undefined
      // The connection was lost while asking, and the machine is still up: it may not have heard.
      if (bootId === record.bootId && !isAsked)
        isAsked = await this.#trigger(script, identity, Math.min(TRIGGER_LIMIT, rest())).catch(error => {
          if (this.#isFinal(error)) throw error
          // It had heard: a machine that goes down takes no second order.
          refusal = error
          return true
        })
      if (bootId !== undefined && bootId !== record.bootId) {
        this.#link.adopt()
        return
      }
      await this.#link.drop()
    }
    // Should it come back after all, the lock passes with its time.
    this.#holdsLock = false
    last ??= refusal
    const why =
      last instanceof UserError ? `; the last try: ${last.why}` : '; it still answers with the old boot_id'
    throw new UserError({
      kind: 'unreachable',
      where: this.#link.target.name,
      why: `did not come back within ${timeout} s of its reboot${why}`,
      hint: 'look at its console; the originals of what was changed are in /var/lib/vfio-run/runs on it',
    })
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

  /** False where the connection was lost before an answer came, which is what a reboot may look like from here. */
  async #trigger(script: string, identity: Identity, whole: number): Promise<boolean> {
    try {
      const { exitCode, stdout, stderr } = await this.#link.poll(script, identity, { whole })
      const said = stdout.toString().trim()
      if (exitCode === 75) throw this.#locked(said.replace(/^locked /, ''))
      if (exitCode !== 0 && exitCode !== undefined)
        throw this.#failed(`the reboot was refused: ${stderr.trim().split('\n').at(-1) || said}`, [])
      return exitCode !== undefined
    } catch (error) {
      if (!(error instanceof UserError && error.kind === 'unreachable') || this.#isFinal(error)) throw error
      return false
    }
  }

  /** As whoever logs in: everybody may read it, and a sudo that the shutdown ends would look like a refusal. */
  async #bootId(limits: { connect: number; whole: number }): Promise<string | undefined> {
    const { stdout } = await this.#link.poll(bootIdScript(), { become: undefined }, limits)
    return BOOT_ID.exec(stdout.toString().trim())?.[0]
  }

  /** Waiting mends what a machine says that goes down or comes up; not a host key that changed, nor the user's wish. */
  #isFinal(error: unknown): boolean {
    return !(error instanceof UserError) || error instanceof HostKeyRefusal || this.#link.isAbandoned
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

  #locked(holder: string): UserError {
    const [run = '', seconds = '', ...who] = holder.split(' ')
    const minutes = Math.max(1, Math.ceil(Number(seconds) / 60))
    return new UserError({
      kind: 'locked',
      where: this.#link.target.name,
      why: `run ${run} by ${who.join(' ') || 'somebody'} holds the lock, for ${minutes} more minute${minutes === 1 ? '' : 's'} at most`,
      hint: 'wait for it to end, or for its time to pass; the lock is /var/lib/vfio-run/lock on the host',
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

/** Seconds for sudo, sync and the request; should they take longer, they go on without us. */
const TRIGGER_LIMIT = 60

/** Seconds for one line, once connected. */
const ANSWER_LIMIT = 20

const nonce = (): string => randomBytes(12).toString('hex')

function parse(look: Gather, stdout: Buffer, explain: (error: unknown) => unknown): Host {
  try {
    return look.parse(stdout)
  } catch (error) {
    throw explain(error)
  }
}
