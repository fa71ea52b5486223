import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENVIRONMENT } from './vfio_run.ts'

let folder = ''

/** What the scripts call: the program by its name. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vfio-run-completion-'))
  const program = join(folder, 'vfio-run')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${resolve('src/cli.ts')}' "$@"\n`)
  chmodSync(program, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true }))

const run = (shell: string, script: string, ...args: string[]): string[] =>
  execFileSync(shell, ['-c', script, ...args], {
    env: { ...ENVIRONMENT, PATH: `${folder}:${process.env.PATH}`, HOME: folder },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .split('\n')
    .map(line => line.split('\t')[0] ?? '')
    .filter(line => line !== '')

/** bash-completion splits the line; outside of a completion bash has no compopt, which is only about the blank behind. */
const BASH = `. /usr/share/bash-completion/bash_completion
eval "$(vfio-run completion bash)"
COMP_LINE=$1; COMP_POINT=\${#1}; COMP_TYPE=9
read -ra COMP_WORDS <<<"$1"; case $1 in *' ') COMP_WORDS+=('');; esac
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
__vfio_run_complete
printf '%s\\n' "\${COMPREPLY[@]}"`

const FISH = 'vfio-run completion fish | source; complete -C $argv[1]'

const noBash = existsSync('/usr/share/bash-completion/bash_completion')
  ? ''
  : ' (skipped: no bash-completion)'
const noFish = existsSync('/usr/bin/fish') ? '' : ' (skipped: no fish)'
const noZsh = existsSync('/usr/bin/zsh') ? '' : ' (skipped: no zsh)'

const LINES: readonly (readonly [string, readonly string[]])[] = [
  ['vfio-run ins', ['inspect']],
  ['vfio-run modules vfio', ['vfio_bind', 'vfio_ids']],
  ['vfio-run modules set_f', ['set_fact']],
  [
    'vfio-run -i inventories/example.yaml --limit gp',
    ['gpu01.example.org', 'gpu02.example.org', 'gpu_hosts'],
  ],
  ['vfio-run playbooks/gpu.yaml --output j', ['json', 'junit']],
  ['vfio-run playb', ['playbooks/bind.yaml', 'playbooks/check.yaml', 'playbooks/gpu.yaml']],
  ['vfio-run schema p', ['playbook']],
  ['vfio-run playbooks/gpu.yaml -i inv', ['inventories/example.yaml']],
]

describe.skipIf(noBash)(`bash${noBash}`, () => {
  test.each(LINES)('%s', (line, completions) => {
    expect(run('bash', BASH, 'bash', line).toSorted()).toEqual(completions)
  })
})

describe.skipIf(noFish)(`fish${noFish}`, () => {
  test.each(LINES)('%s', (line, completions) => {
    expect(run('fish', FISH, line).toSorted()).toEqual(completions)
  })
})

describe.skipIf(noZsh)(`zsh${noZsh}`, () => {
  test('its completion system takes the script', () => {
    const script =
      'autoload -U compinit; compinit -u; source <(vfio-run completion zsh); echo $_comps[vfio-run]'
    expect(run('zsh', script)).toEqual(['_vfio-run'])
  })
})
