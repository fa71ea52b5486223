import { globSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { UserError } from '../../../errors.ts'
import { Chosen } from './chosen.ts'
import { type Circumstances, hostMatches, matchMatches, resolvedHost } from './conditions.ts'
import { type Directive, mistake, readDirectives, wordsOf } from './directives.ts'
import { type Question, readSettings, type SshSettings } from './settings.ts'
import { expand } from './tokens.ts'

/**
 * What ~/.ssh/config and /etc/ssh/ssh_config say of a host, read as OpenSSH reads them: the first value of a keyword
 * wins, and what the command line says stands before both (ssh_config(5)).
 */
export class SshConfig {
  readonly #files: readonly ConfigFile[]
  readonly #read = new Map<string, readonly Directive[]>()
  readonly #ran = new Map<string, boolean>()

  constructor(files: readonly ConfigFile[] = usualFiles()) {
    this.#files = files
  }

  /** With -F: this file, and not the system's. `none` is none. */
  static only(path: string): SshConfig {
    return new SshConfig(path === 'none' ? [] : [{ path, includes: join(homedir(), '.ssh'), isNamed: true }])
  }

  /** For a host as it is named to ssh. Throws UserError at what is no ssh_config, or cannot be done here. */
  resolve(alias: string, question: Question): SshSettings {
    const chosen = new Chosen()
    for (const directive of question.commandLine) chosen.choose(directive)
    const circumstances: Circumstances = {
      alias,
      host: alias,
      localUser: question.localUser,
      isFinal: false,
      ran: this.#ran,
      said: keyword => chosen.said(keyword),
    }
    const pass = { chosen, circumstances, wantsFinal: false }
    for (const file of this.#files) this.#walk(file, pass, true, 0)
    if (pass.wantsFinal) this.#walkAgain(pass)
    return readSettings(chosen, { alias, ...question })
  }

  #walkAgain({ chosen, circumstances }: Pass): void {
    // What HostName made of the name is now what Host is held against, and no HostName is heeded (ssh.c, main).
    const host = resolvedHost(circumstances)
    chosen.settle('hostname', host.replaceAll('%', '%%'))
    const pass = { chosen, circumstances: { ...circumstances, host, isFinal: true }, wantsFinal: false }
    for (const file of this.#files) this.#walk(file, pass, true, 0)
  }

  #walk(file: ConfigFile, pass: Pass, isOuterActive: boolean, depth: number): void {
    let isActive = isOuterActive
    for (const directive of this.#directives(file)) {
      const { keyword } = directive
      if (keyword === 'host')
        isActive = isOuterActive && hostMatches(wordsOf(directive), pass.circumstances.host)
      else if (keyword === 'match') {
        const answer = matchMatches(directive, wordsOf(directive), pass.circumstances, isOuterActive)
        pass.wantsFinal ||= answer.asksForFinal
        isActive = answer.matches
      } else if (keyword === 'include') this.#include(directive, file, pass, isActive, depth)
      else if (isActive) pass.chosen.choose(directive)
    }
  }

  #include(directive: Directive, file: ConfigFile, pass: Pass, isActive: boolean, depth: number): void {
    // READCONF_MAX_DEPTH in readconf.c.
    if (depth >= 16) throw mistake(directive.at, 'the files include each other too deep')
    for (const pattern of wordsOf(directive)) {
      const path = expand(pattern, directive, {})
      const paths = globSync(isAbsolute(path) ? path : join(file.includes, path)).sort()
      for (const one of paths) this.#walk({ ...file, path: one, isNamed: false }, pass, isActive, depth + 1)
    }
  }

  #directives({ path, isNamed }: ConfigFile): readonly Directive[] {
    const directives = this.#read.get(path) ?? readDirectives(path, readText(path, isNamed))
    this.#read.set(path, directives)
    return directives
  }
}

export interface ConfigFile {
  readonly path: string
  /** The folder that its Include is relative to. */
  readonly includes: string
  /** By the user: then it must be there. */
  readonly isNamed?: boolean
}

interface Pass {
  readonly chosen: Chosen
  readonly circumstances: Circumstances
  wantsFinal: boolean
}

const usualFiles = (): readonly ConfigFile[] => {
  const own = join(homedir(), '.ssh')
  return [
    { path: join(own, 'config'), includes: own },
    { path: '/etc/ssh/ssh_config', includes: '/etc/ssh' },
  ]
}

function readText(path: string, isNamed: boolean | undefined): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    // A pattern of Include may match folders: to ssh they are empty.
    if ((code === 'ENOENT' || code === 'EISDIR') && !isNamed) return ''
    const why = `the ssh configuration cannot be read: ${cause instanceof Error ? cause.message : cause}`
    throw new UserError({ where: path, why, cause })
  }
}
