import type { SshSettings } from './ssh_config/settings.ts'

/** Who a script runs as: the login user, or another by way of a program that changes users. */
export interface Identity {
  readonly become: Become | undefined
}

export interface Become {
  readonly method: BecomeMethod
  readonly user: string
  readonly password: string | undefined
  /** The program, where it is not the method's own: a name or a path. */
  readonly exe?: string | undefined
  /** Options of it, each a plain word. */
  readonly flags?: readonly string[] | undefined
}

export const BECOME_METHODS = ['sudo', 'su', 'doas'] as const
export type BecomeMethod = (typeof BECOME_METHODS)[number]

export interface ShOptions {
  readonly identity: Identity
  /** Called with each piece of stdout that belongs to the script. */
  readonly onStdout?: (piece: Buffer) => void
  readonly signal?: AbortSignal
}

export interface ShResult {
  /** undefined: ended by a signal, or the connection was lost before it could say. */
  readonly exitCode: number | undefined
  readonly stdout: Buffer
  readonly stderr: string
}

/** A way to a machine: runs a POSIX sh script that travels on stdin. Throws UserError (unreachable, failed). */
export interface Transport extends AsyncDisposable {
  sh(script: string, options: ShOptions): Promise<ShResult>
}

/** An inventory entry: how to reach a machine. */
export interface Target {
  /** Name in the inventory. */
  readonly name: string
  readonly connection: 'ssh' | 'openssh' | 'local'
  readonly host: string
  readonly port: number
  readonly user: string
  /** Private key file, ~ expanded; undefined: the agent and the usual files in ~/.ssh. */
  readonly privateKeyFile: string | undefined
  /** Seconds for the TCP connection and the SSH handshake together. */
  readonly connectTimeout: number
  /** For the login; undefined: keys only. */
  readonly password?: string | undefined
  /** What ~/.ssh/config and Ansible's ssh arguments say beside. */
  readonly ssh?: SshSettings | undefined
  /** The machines that the connection goes through, the one that is reached directly first. */
  readonly jumps?: readonly Target[] | undefined
  /** How the system's ssh is called, for `openssh`. */
  readonly openssh?: OpensshCall | undefined
}

/** The configuration files are read by ssh itself. */
export interface OpensshCall {
  /** A name that ~/.ssh/config may know. */
  readonly destination: string
  readonly options: readonly string[]
}

export interface ConnectOptions {
  /** known_hosts files, first one is written to with `acceptNewHostKeys`. */
  readonly knownHostsFiles: readonly string[]
  /** They are the usual ones: those that ssh_config names stand in their place. */
  readonly knownHostsByDefault?: boolean
  readonly acceptNewHostKeys: boolean
  /** Asked once per encrypted key file; undefined where nobody can answer. */
  readonly passphrase: ((keyFile: string) => Promise<string | undefined>) | undefined
  /** Nothing else is on the terminal meanwhile, so that ssh may ask there; undefined where nobody can answer. */
  readonly whileAsking?: (<Answer>(question: () => Promise<Answer>) => Promise<Answer>) | undefined
  readonly signal?: AbortSignal
}
