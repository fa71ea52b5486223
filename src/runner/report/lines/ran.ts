import type { Ran } from '../../actions/action.ts'
import { printed, type Remark } from '../remark.ts'

/** What a task ran, and what that printed: with -v, and where it failed the end of it. */
export function ranLines(
  host: string,
  ran: Ran | undefined,
  { verbose, isFailure }: { readonly verbose: number; readonly isFailure: boolean },
): readonly Remark[] {
  if (ran === undefined || (verbose === 0 && !isFailure)) return []
  const [command = '', ...more] = ran.command.trimEnd().split('\n')
  const output = verbose > 0 ? ran.output : ran.output.slice(-LAST_LINES)
  const left = ran.output.length - output.length
  return [
    printed(
      host,
      [
        `$ ${command}`,
        ...more.map(line => `> ${line}`),
        ...(left === 0 ? [] : [`| … ${left} more above (-v shows them)`]),
        ...output.map(line => `| ${line}`),
        ...(ran.exitCode === 0 ? [] : [`exit code: ${ran.exitCode ?? 'none'}`]),
      ],
      isFailure,
    ),
  ]
}

const LAST_LINES = 10
