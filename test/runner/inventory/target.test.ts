import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConnectionDefaults, targetOf } from '../../../src/runner/inventory/target.ts'
import { Problems } from '../../../src/runner/playbook/problems.ts'
import { templated } from '../../../src/runner/playbook/templated.ts'
import type { Value } from '../../../src/runner/template/template.ts'
import { SshConfig } from '../../../src/runner/transport/ssh_config/ssh_config.ts'
import type { Target } from '../../../src/runner/transport/transport.ts'
import { textNode } from '../../../src/runner/yaml/yaml_node.ts'

type Variables = Readonly<Record<string, Value>>

const at = { file: 'hosts.yaml', line: 3, column: 5 }
const target = (variables: Variables, defaults: Partial<ConnectionDefaults> = {}): Target =>
  targetOf(
    'vm1',
    variables,
    name => (name in variables ? templated(textNode('', at), new Problems()) : undefined),
    { user: undefined, privateKey: undefined, connectTimeout: 30, ...defaults },
  )

it.each<[string, Variables, Partial<ConnectionDefaults>, Partial<Target>]>([
  ['nothing said', {}, {}, { host: 'vm1', port: 22, user: userInfo().username, connectTimeout: 30 }],
  ['an address', { ansible_host: '10.0.0.1', ansible_port: '2222' }, {}, { host: '10.0.0.1', port: 2222 }],
  [
    'the old names',
    { ansible_ssh_host: 'a', ansible_ssh_port: 9, ansible_ssh_user: 'me' },
    {},
    { host: 'a', port: 9, user: 'me' },
  ],
  ['both names: the old one', { ansible_user: 'new', ansible_ssh_user: 'old' }, {}, { user: 'old' }],
  ['a variable over -u', { ansible_user: 'me' }, { user: 'flag' }, { user: 'me' }],
  ['-u', {}, { user: 'flag' }, { user: 'flag' }],
  [
    'arguments',
    { ansible_ssh_common_args: '-p 2222 -o "User me" -oConnectTimeout=7 -C -qT' },
    { connectTimeoutIsDefault: true },
    { port: 2222, user: 'me', connectTimeout: 7 },
  ],
  [
    'variables over common arguments',
    { ansible_port: 9, ansible_ssh_common_args: '-p 2222' },
    {},
    { port: 9 },
  ],
  ['ansible_ssh_args over variables', { ansible_port: 9, ansible_ssh_args: '-p 2222' }, {}, { port: 2222 }],
  [
    'what needs nothing done',
    { ansible_ssh_args: '-C -o ControlMaster=auto -o ControlPersist=60s -o GSSAPIAuthentication=no' },
    {},
    { port: 22 },
  ],
  ['a password', { ansible_password: 's3cret' }, { password: 'flag' }, { password: 's3cret' }],
  ['-k', {}, { password: 'flag' }, { password: 'flag' }],
  ['host keys that are checked', { ansible_host_key_checking: true }, {}, { host: 'vm1' }],
  [
    "the system's ssh",
    {
      ansible_connection: 'openssh',
      ansible_host: 'alias',
      ansible_port: 9,
      ansible_ssh_common_args: '-o ProxyCommand="nc %h %p"',
    },
    {},
    {
      connection: 'openssh',
      openssh: { destination: 'alias', options: ['-o', 'Port=9', '-o', 'ProxyCommand=nc %h %p'] },
    },
  ],
  [
    'this machine',
    { ansible_connection: 'local', ansible_ssh_common_args: '-o StrictHostKeyChecking=no' },
    {},
    { connection: 'local' },
  ],
])('%s', (_, variables, defaults, expected) => {
  expect(target(variables, defaults)).toMatchObject(expected)
})

it.each<[string, Variables, string, string]>([
  [
    'unchecked host keys',
    { ansible_host_key_checking: false },
    'vm1: host keys are always checked',
    '--accept-new-host-keys',
  ],
  [
    'the same as an argument',
    { ansible_ssh_common_args: '-o StrictHostKeyChecking=no' },
    'vm1: StrictHostKeyChecking no would take any host key',
    '--accept-new-host-keys',
  ],
  [
    'the same with openssh',
    { ansible_connection: 'openssh', ansible_ssh_args: '-o StrictHostKeyChecking=no' },
    'vm1: StrictHostKeyChecking no',
    '--accept-new-host-keys',
  ],
  [
    'another command on the way',
    { ansible_ssh_common_args: '-o ProxyCommand="nc %h %p"' },
    'vm1: ProxyCommand nc %h %p cannot be run',
    'ansible_connection: openssh',
  ],
  [
    'an option that matters',
    { ansible_ssh_common_args: '-o KexAlgorithms=+diffie-hellman-group1-sha1' },
    'vm1: the ssh argument -o KexAlgorithms=+diffie-hellman-group1-sha1 is not understood',
    'ansible_connection: openssh',
  ],
  [
    'a flag that matters',
    { ansible_ssh_extra_args: '-K' },
    'vm1: the ssh argument -K is not understood',
    'ansible_connection: openssh',
  ],
  [
    'a word',
    { ansible_ssh_extra_args: 'StrictHostKeyChecking=no' },
    '"StrictHostKeyChecking=no" is no option of ssh',
    '-o Name=value',
  ],
  ['an open quote', { ansible_ssh_args: '-o "User me' }, 'a quote is not closed', ''],
  [
    "a password for the system's ssh",
    { ansible_connection: 'openssh', ansible_password: 'x' },
    'vm1: the connection openssh takes no password',
    'ansible_connection: ssh',
  ],
  ['a port', { ansible_port: 'ssh' }, 'ansible_port must be a port number', ''],
])('refused at its place: %s', (_, variables, why, hint) => {
  const refusal = expect.objectContaining({
    where: 'hosts.yaml:3:5',
    why: expect.stringContaining(why),
    ...(hint === '' ? {} : { hint: expect.stringContaining(hint) }),
  })
  expect(() => target(variables)).toThrow(refusal)
})

it('hops of a jump are asked for in ssh_config, and nothing of the target is said of them', () => {
  const variables = { ansible_ssh_common_args: '-J me@a:1,b', ansible_user: 'root', ansible_port: 9 }
  expect(target(variables, { privateKey: '/key' }).jumps).toMatchObject([
    { name: 'a', host: 'a', port: 1, user: 'me', privateKeyFile: undefined },
    { name: 'b', host: 'b', port: 22, user: userInfo().username, privateKeyFile: undefined },
  ])
})

describe('with ssh_config', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vfio-run-target-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const configured = async (
    text: string,
    variables: Variables = {},
    more: Partial<ConnectionDefaults> = {},
  ) => {
    const path = join(folder, 'config')
    await writeFile(path, text)
    return target(variables, { sshConfig: new SshConfig([{ path, includes: folder }]), ...more })
  }

  it('variables and flags stand over it, and it stands over the usual', async () => {
    const text = 'Host vm1\n  HostName 10.0.0.1\n  User config\n  Port 9\n  ConnectTimeout 3\n'
    const usual = { connectTimeoutIsDefault: true }
    expect(await configured(text, {}, usual)).toMatchObject({
      ...{ host: '10.0.0.1', user: 'config', port: 9, connectTimeout: 3 },
    })
    expect(await configured(text, { ansible_port: 10 }, { user: 'flag' })).toMatchObject({
      ...{ host: '10.0.0.1', user: 'flag', port: 10, connectTimeout: 30 },
    })
  })

  it('ansible_host is the name that it is asked for', async () => {
    const text = 'Host alias\n  Port 9\n'
    expect((await configured(text, { ansible_host: 'alias' })).port).toBe(9)
    expect((await configured(text)).port).toBe(22)
  })

  it('-F reads another instead', async () => {
    await writeFile(join(folder, 'other'), 'Port 10\n')
    const variables = { ansible_ssh_args: `-F ${join(folder, 'other')}` }
    expect((await configured('Port 9\n', variables)).port).toBe(10)
    await expect(configured('', { ansible_ssh_args: '-F /no/such' })).rejects.toThrow('cannot be read')
  })

  it("a bastion's own bastion comes first; a list says it all", async () => {
    const text = 'Host vm1\n  ProxyJump inner\nHost inner\n  ProxyJump outer\n'
    expect((await configured(text)).jumps?.map(({ name }) => name)).toEqual(['outer', 'inner'])
    const list = 'Host vm1\n  ProxyJump first,inner\nHost inner\n  ProxyJump outer\n'
    expect((await configured(list)).jumps?.map(({ name }) => name)).toEqual(['first', 'inner'])
  })

  it('a circle is told at its line', async () => {
    await expect(configured('Host *\n  ProxyJump bastion\n')).rejects.toMatchObject({
      where: `${join(folder, 'config')}:2:3`,
      why: 'the way to bastion leads through bastion itself',
    })
  })

  it('what ssh2 cannot do is no matter where the system does it', async () => {
    const text = 'CertificateFile ~/c\nProxyCommand nc %h %p\nUser me\n'
    expect(await configured(text, { ansible_connection: 'openssh' })).toMatchObject({ user: 'me' })
  })
})
