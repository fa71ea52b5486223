import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  fingerprint,
  hostKeyAlgorithms,
  judgeHostKey,
  knownHostsLine,
  parseKnownHosts,
} from '../../../src/runner/transport/known_hosts.ts'

const wireString = (text: string) => {
  const bytes = Buffer.from(text, 'latin1')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
const hostKey = (type: string, body: string) => Buffer.concat([wireString(type), wireString(body)])

const ed = hostKey('ssh-ed25519', 'ours')
const otherEd = hostKey('ssh-ed25519', 'theirs')
const rsa = hostKey('ssh-rsa', 'ours')
const dss = hostKey('ssh-dss', 'ours')
const b64 = (key: Buffer) => key.toString('base64')
const hashed = (name: string) => {
  const salt = Buffer.from('a salt of 20 bytes..')
  return `|1|${b64(salt)}|${createHmac('sha1', salt).update(name).digest('base64')}`
}
const verdict = (text: string, host: string, port: number, key: Buffer) => {
  const judged = judgeHostKey(parseKnownHosts('known_hosts', text), { host, port }, key)
  if (judged.kind === 'changed') return `changed from line ${judged.from.line}`
  if (judged.kind === 'revoked') return `revoked by line ${judged.by.line}`
  if (judged.kind === 'unknown')
    return judged.authority ? `unknown, authority in line ${judged.authority.line}` : 'unknown'
  return judged.kind
}

describe('a key shown by a host is held against known_hosts', () => {
  it.each([
    ['a plain name', `vm ssh-ed25519 ${b64(ed)} me@there`, 'vm', 22, ed, 'known'],
    ['a name in another case', `VM.lan ssh-ed25519 ${b64(ed)}`, 'vm.LAN', 22, ed, 'known'],
    ['one of several names', `a,vm,10.0.0.1 ssh-ed25519 ${b64(ed)}`, '10.0.0.1', 22, ed, 'known'],
    ['tabs, leading blanks and CRLF', `  vm\tssh-ed25519   ${b64(ed)}\r\n`, 'vm', 22, ed, 'known'],
    ['a hashed name', `${hashed('vm')} ssh-ed25519 ${b64(ed)}`, 'vm', 22, ed, 'known'],
    ['a hashed name of another host', `${hashed('other')} ssh-ed25519 ${b64(ed)}`, 'vm', 22, ed, 'unknown'],
    ['a hashed name with a port', `${hashed('[vm]:2222')} ssh-ed25519 ${b64(ed)}`, 'vm', 2222, ed, 'known'],
    ['a port', `[vm]:2222 ssh-ed25519 ${b64(ed)}`, 'vm', 2222, ed, 'known'],
    ['another port', `[vm]:2222 ssh-ed25519 ${b64(ed)}`, 'vm', 22, ed, 'unknown'],
    ['the same key without the port', `vm ssh-ed25519 ${b64(ed)}`, 'vm', 2222, ed, 'known'],
    ['another key without the port', `vm ssh-ed25519 ${b64(otherEd)}`, 'vm', 2222, ed, 'unknown'],
    ['an IPv6 address', `[fe80::1]:2222,fe80::1 ssh-ed25519 ${b64(ed)}`, 'fe80::1', 22, ed, 'known'],
    ['a star', `*.lan ssh-ed25519 ${b64(ed)}`, 'vm.lan', 22, ed, 'known'],
    ['a star that must match to the end', `vm*x ssh-ed25519 ${b64(ed)}`, 'vm1', 22, ed, 'unknown'],
    ['a question mark', `vm? ssh-ed25519 ${b64(ed)}`, 'vm1', 22, ed, 'known'],
    ['a question mark for nothing', `vm? ssh-ed25519 ${b64(ed)}`, 'vm', 22, ed, 'unknown'],
    ['a negated pattern', `*.lan,!bad.lan ssh-ed25519 ${b64(ed)}`, 'bad.lan', 22, ed, 'unknown'],
    ['a dot that is only a dot', `vm.lan ssh-ed25519 ${b64(ed)}`, 'vmxlan', 22, ed, 'unknown'],
    ['a comment', `# vm ssh-ed25519 ${b64(ed)}`, 'vm', 22, ed, 'unknown'],
    [
      'junk before and after',
      `vm 1024 35 123\n\nvm ssh-ed25519 AAAA\nvm ssh-ed25519 ${b64(ed)}\nvm`,
      'vm',
      22,
      ed,
      'known',
    ],
    ['a type that is not the key’s', `vm ssh-rsa ${b64(ed)}`, 'vm', 22, ed, 'unknown'],
    [
      'another key of the type',
      `# first\nvm ssh-ed25519 ${b64(otherEd)}`,
      'vm',
      22,
      ed,
      'changed from line 2',
    ],
    [
      'two keys of the type',
      `vm ssh-ed25519 ${b64(otherEd)}\nvm ssh-ed25519 ${b64(ed)}`,
      'vm',
      22,
      ed,
      'known',
    ],
    ['only a key of a type no longer offered', `vm ssh-rsa ${b64(rsa)}`, 'vm', 22, ed, 'changed from line 1'],
    ['only a key of a type we cannot ask for', `vm ssh-dss ${b64(dss)}`, 'vm', 22, ed, 'unknown'],
    [
      'a revoked key',
      `vm ssh-ed25519 ${b64(ed)}\n@revoked * ssh-ed25519 ${b64(ed)}`,
      'vm',
      22,
      ed,
      'revoked by line 2',
    ],
    [
      'another key revoked',
      `vm ssh-ed25519 ${b64(ed)}\n@revoked * ssh-ed25519 ${b64(otherEd)}`,
      'vm',
      22,
      ed,
      'known',
    ],
    [
      'only an authority',
      `@cert-authority *.lan ssh-rsa ${b64(rsa)}`,
      'vm.lan',
      22,
      ed,
      'unknown, authority in line 1',
    ],
    [
      'an authority’s key is no host key',
      `@cert-authority * ssh-ed25519 ${b64(ed)}`,
      'vm',
      22,
      ed,
      'unknown, authority in line 1',
    ],
    ['an unknown marker', `@trusted vm ssh-ed25519 ${b64(ed)}`, 'vm', 22, ed, 'unknown'],
  ])('%s', (_title, text, host, port, key, expected) => {
    expect(verdict(text, host, port, key)).toBe(expected)
  })

  it('a line that was written for a key makes it known', () => {
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65535 }), fc.string(), (host, port, body) => {
        const key = hostKey('ssh-ed25519', body)
        expect(verdict(knownHostsLine({ host, port }, key), host, port, key)).toBe('known')
      }),
    )
  })

  it('no text makes the parser or the matching throw', () => {
    const line = fc.array(
      fc.constantFrom('vm', '*', '?', '!', ',', '|1|', '@revoked', ' ', '\n', '#', 'ssh-ed25519', b64(ed)),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          line.map(words => words.join('')),
        ),
        fc.string(),
        (text, host) => {
          expect(verdict(text, host, 22, ed)).toMatch(/^(known|unknown|changed|revoked)/)
        },
      ),
    )
  })

  it('many stars do not take long', () => {
    const text = `${'*a'.repeat(200)} ssh-ed25519 ${b64(ed)}`
    expect(verdict(text, 'a'.repeat(5000), 22, ed)).toBe('known')
    expect(verdict(text, `${'a'.repeat(5000)}b`, 22, ed)).toBe('unknown')
  })
})

describe('the algorithms that are offered', () => {
  it.each([
    ['no key is known', '', 'ssh-ed25519'],
    ['an RSA key is known', `vm ssh-rsa ${b64(rsa)}`, 'rsa-sha2-512'],
    ['only another host’s RSA key is known', `other ssh-rsa ${b64(rsa)}`, 'ssh-ed25519'],
    ['an RSA key is revoked', `@revoked vm ssh-rsa ${b64(rsa)}`, 'ssh-ed25519'],
  ])('%s: %s', (_title, text, first) => {
    const algorithms = hostKeyAlgorithms(parseKnownHosts('known_hosts', text), { host: 'vm', port: 22 })
    expect(algorithms[0]).toBe(first)
    expect(new Set(algorithms).size).toBe(6)
  })
})

it('a fingerprint is what ssh-keygen -l prints', () => {
  // ssh-keygen -l on this very line.
  const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f'
  expect(fingerprint(Buffer.from(key, 'base64'))).toBe('SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA')
})
