import { randomBytes } from 'node:crypto'
import { UserError } from '../../errors.ts'
import type { RebootRecord } from '../../host/host.ts'
import { bootIdScript, readBootId, rebootScript, testScript } from '../host_scripts/reboot.ts'
import { HostKeyRefusal } from '../transport/host_key.ts'
import type { Identity } from '../transport/transport.ts'
import type { Link } from './link.ts'
import { lockHeld } from './lock_held.ts'

/** How long to wait, in seconds, and whom to tell. */
export interface Patience {
  readonly timeout: number
  readonly connectTimeout: number
  /** Must succeed on the machine that is back, by the same deadline; '' for none. */
  readonly testCommand: string
  /** For those who are logged in there. */
  readonly message: string
  readonly onWait: (seconds: number) => void
  readonly stopped: () => boolean
}

/** One reboot of one host: asks for it, and polls on fresh connections for a boot_id that differs, until one deadline. */
export class Reboot {
  readonly #link: Link
  readonly #by: { readonly run: string; readonly who: string }
  readonly #record: RebootRecord
  readonly #identity: Identity
  /** What the latest try to reach it ran into; undefined where it answered. */
  #last: unknown
  #refusal: unknown

  constructor(
    link: Link,
    by: { readonly run: string; readonly who: string },
    record: RebootRecord,
    identity: Identity,
  ) {
    this.#link = link
    this.#by = by
    this.#record = record
    this.#identity = identity
  }

  /** Ends with the link on a connection to the machine that has booted. Throws DidNotComeBack after the deadline. */
  async run(patience: Patience): Promise<void> {
    const { timeout, connectTimeout, message, onWait, stopped } = patience
    const { run, who } = this.#by
    const script = rebootScript(this.#record, { run, seconds: timeout + 300, who }, message)
    let isAsked = await this.#trigger(script, TRIGGER_LIMIT)
    await this.#link.drop()
    const start = Date.now()
    for (let tries = 0; ; tries++) {
      const pause = Math.min(2 ** tries, 12) + Math.random()
      if (secondsSince(start) + pause > timeout) break
      await this.#link.pause(pause)
      if (stopped()) throw this.#failed('interrupted while it was rebooting; look whether it came back')
      onWait(secondsSince(start))
      const rest = () => Math.max(1, timeout - secondsSince(start))
      const limits = { connect: connectTimeout, whole: Math.min(connectTimeout + ANSWER_LIMIT, rest()) }
      const bootId = await this.#poll(limits, tries === 0)
      // The connection was lost while asking, and the machine is still up: it may not have heard.
      if (bootId === this.#record.bootId && !isAsked)
        isAsked = await this.#askAgain(script, Math.min(TRIGGER_LIMIT, rest()))
      if (bootId !== undefined && bootId !== this.#record.bootId) {
        this.#link.adopt()
        return await this.#passTest(patience, rest)
      }
      await this.#link.drop()
    }
    throw new DidNotComeBack(this.#link.target.name, timeout, this.#last ?? this.#refusal)
  }

  async #passTest({ testCommand, timeout, onWait, stopped }: Patience, rest: () => number): Promise<void> {
    if (testCommand === '') return
    let said = ''
    for (let tries = 0; rest() > 1; tries++) {
      const { exitCode, last } = await this.#test(testCommand, rest())
      if (exitCode === 0) return
      said = last
      await this.#link.pause(Math.min(2 ** tries, 12, rest()))
      if (stopped()) throw this.#failed('interrupted while it was tested after its reboot')
      onWait(timeout - rest())
    }
    throw this.#failed(
      `it is back, but its test did not succeed within ${timeout} s of the reboot: ${testCommand}${said && `: ${said}`}`,
    )
  }

  /** A connection that is lost meanwhile is no answer: the machine is still coming up. */
  async #test(command: string, whole: number): Promise<{ exitCode: number | undefined; last: string }> {
    try {
      const { exitCode, stdout } = await this.#link.poll(testScript(command), this.#identity, { whole })
      return { exitCode, last: stdout.toString().trim().split('\n').at(-1) ?? '' }
    } catch (error) {
      if (this.#isFinal(error)) throw error
      await this.#link.drop()
      return { exitCode: undefined, last: error instanceof UserError ? error.why : '' }
    }
  }

  async #poll(limits: { connect: number; whole: number }, isFirst: boolean): Promise<string | undefined> {
    const began = Date.now()
    try {
      const bootId = await this.#bootId(limits)
      this.#last = bootId === undefined ? this.#unreadable() : undefined
      return bootId
    } catch (error) {
      if (this.#isFinal(error)) throw error
      // What an earlier try has heard tells more than that the deadline cut this one short.
      const isCutShort = limits.whole < limits.connect && Date.now() - began >= limits.whole * 950
      if (isFirst || !isCutShort) this.#last = error
      return undefined
    }
  }

  async #askAgain(script: string, whole: number): Promise<boolean> {
    try {
      return await this.#trigger(script, whole)
    } catch (error) {
      if (this.#isFinal(error)) throw error
      // It had heard: a machine that goes down takes no second order.
      this.#refusal = error
      return true
    }
  }

  /** False where the connection was lost before an answer came, which is what a reboot may look like from here. */
  async #trigger(script: string, whole: number): Promise<boolean> {
    try {
      const { exitCode, stdout, stderr } = await this.#link.poll(script, this.#identity, { whole })
      const said = stdout.toString().trim()
      if (exitCode === 75)
        throw lockHeld(this.#link.target.name, /^locked (\S+ -?\d+ .*)$/m.exec(said)?.[1] ?? '')
      if (exitCode !== 0 && exitCode !== undefined)
        throw this.#failed(`the reboot was refused: ${stderr.trim().split('\n').at(-1) || said}`)
      return exitCode !== undefined
    } catch (error) {
      if (!(error instanceof UserError && error.kind === 'unreachable') || this.#isFinal(error)) throw error
      return false
    }
  }

  /** As whoever logs in: everybody may read it, and a sudo that the shutdown ends would look like a refusal. */
  async #bootId(limits: { connect: number; whole: number }): Promise<string | undefined> {
    const nonce = randomBytes(12).toString('hex')
    const { stdout } = await this.#link.poll(bootIdScript(nonce), { become: undefined }, limits)
    return readBootId(nonce, stdout.toString())
  }

  /** Waiting mends what a machine says that goes down or comes up; not a host key that changed, nor the user's wish. */
  #isFinal(error: unknown): boolean {
    return !(error instanceof UserError) || error instanceof HostKeyRefusal || this.#link.isAbandoned
  }

  #unreadable(): UserError {
    const why = 'it answers, but not with a boot_id'
    return new UserError({ kind: 'unreachable', where: this.#link.target.name, why })
  }

  #failed(why: string): UserError {
    return new UserError({ kind: 'failed', where: this.#link.target.name, why })
  }
}

/** It may yet: nobody knows what it does. */
export class DidNotComeBack extends UserError {
  constructor(host: string, timeout: number, last: unknown) {
    const why =
      last instanceof UserError ? `; the last try: ${last.why}` : '; it still answers with the old boot_id'
    super({
      kind: 'unreachable',
      where: host,
      why: `did not come back within ${timeout} s of its reboot${why}`,
      hint: 'look at its console; the originals of what was changed are in /var/lib/vfio-run/runs on it',
    })
  }
}

/** Seconds for sudo, sync and the request; should they take longer, they go on without us. */
const TRIGGER_LIMIT = 60

/** Seconds for one line, once connected. */
const ANSWER_LIMIT = 20

const secondsSince = (start: number): number => (Date.now() - start) / 1000
