import ssh2 from 'ssh2'

/** An Ed25519 key: the private half in OpenSSH's format, the public one as a line of authorized_keys. */
export interface KeyPair {
  readonly private: string
  readonly public: string
}

/**
 * ssh2 1.17 strips a public key's leading zero bytes when it makes one (lib/keygen.js), and then cannot read it:
 * one in 256. Try again until it can.
 */
export function newKeyPair(passphrase?: string): KeyPair {
  const pair =
    passphrase === undefined
      ? ssh2.utils.generateKeyPairSync('ed25519')
      : ssh2.utils.generateKeyPairSync('ed25519', { passphrase, cipher: 'aes256-ctr', rounds: 1 })
  return ssh2.utils.parseKey(pair.private, passphrase) instanceof Error ? newKeyPair(passphrase) : pair
}
