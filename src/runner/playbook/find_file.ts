import { dirname, isAbsolute, join, normalize } from 'node:path'
import { isFile } from '../yaml/files.ts'

/**
 * Where a file lies that a task names: in `folder` (files, templates, vars, tasks) beside the file of the task, beside
 * it, then the same beside the playbook (ansible/ansible, lib/ansible/parsing/dataloader.py, path_dwim_relative_stack).
 */
export function findFile(
  name: string,
  folder: string,
  namedIn: string,
  playbookFolder: string,
): string | undefined {
  return placesOf(name, folder, namedIn, playbookFolder).find(isFile)
}

/** The places that are looked at, in their order. */
export function placesOf(
  name: string,
  folder: string,
  namedIn: string,
  playbookFolder: string,
): readonly string[] {
  if (isAbsolute(name)) return [name]
  const bases = [...new Set([dirname(namedIn), playbookFolder].map(normalize))]
  // A file of tasks of its own is the nearest thing: its name is meant as seen from there.
  return bases.flatMap(base =>
    folder === 'tasks'
      ? [join(base, name), join(base, folder, name)]
      : [join(base, folder, name), join(base, name)],
  )
}
