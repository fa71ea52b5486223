/** Who a script runs as: the login user, or another by way of sudo. */
export interface Identity {
  readonly become:
    | { readonly method: 'sudo'; readonly user: string; readonly password: string | undefined }
    | undefined
}

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
  readonly connection: 'ssh' | 'local'
  readonly host: string
  readonly port: number
  readonly user: string
  /** Private key file, ~ expanded; undefined: the agent and the usual files in ~/.ssh. */
  readonly privateKeyFile: string | undefined
  /** Seconds for the TCP connection and the SSH handshake together. */
  readonly connectTimeout: number
}

export interface ConnectOptions {
  /** known_hosts files, first one is written to with `acceptNewHostKeys`. */
  readonly knownHostsFiles: readonly string[]
  readonly acceptNewHostKeys: boolean
  /** Asked once per encrypted key file; undefined where nobody can answer. */
  readonly passphrase: ((keyFile: string) => Promise<string | undefined>) | undefined
  readonly signal?: AbortSignal
}
