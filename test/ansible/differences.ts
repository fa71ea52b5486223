/** Where a play does something else here than in Ansible, on purpose: for docs/ansible.md, and for the comparison. */
export interface Difference {
  readonly what: string
  readonly ansible: string
  readonly ours: string
  readonly because: string
}

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  no_match: {
    what: 'A pattern that nothing answers to',
    ansible: 'warns, skips the play, and exits 0',
    ours: 'is an error with the nearest name, before any host is reached',
    because: 'a slip in a name would look like success',
  },
  undefined: {
    what: 'A name, or a part of a variable, that nothing sets',
    ansible: 'fails the task when it is reached; ignore_errors and rescue apply',
    ours: 'is an error with the nearest name, before any host is reached',
    because: 'a slip in a name is found by the first run, not by the run that comes to it',
  },
  duplicate_handler: {
    what: 'Two handlers of one name in a play',
    ansible: 'runs one of them',
    ours: 'is an error that names both places',
    because: 'which of them is meant cannot be told',
  },
  flush_condition: {
    what: '`when` on `meta: flush_handlers`',
    ansible: 'warns, and flushes whatever it says',
    ours: 'is an error',
    because: 'a condition that is not heard misleads',
  },
  run_once_handler: {
    what: 'A handler with run_once that several hosts have notified',
    ansible: 'may run it on two of them',
    ours: 'runs it once',
    because: 'once is what it says',
  },
  run_once_failure: {
    what: 'A run_once task that fails',
    ansible: 'counts it in the recap of the first host only',
    ours: 'counts it for every host that it stops or that is rescued from it',
    because: 'each of them has gone no further',
  },
  rescue_counts: {
    what: 'What the recap counts as rescued',
    ansible: 'counts failed tasks, and not those of handlers flushed within the block',
    ours: 'counts rescues',
    because: 'one rescue is one rescue',
  },
  forgiven: {
    what: 'The exit code after `meta: clear_host_errors`',
    ansible: 'is 0',
    ours: 'is 2',
    because: 'a task has failed, and the recap says so',
  },
  fatal_always: {
    what: 'any_errors_fatal on a block with always',
    ansible: 'runs always on all hosts; those that did not fail go on behind the block',
    ours: 'runs always on all hosts, and ends the play for them',
    because: 'the failure was to be fatal for all',
  },
  data_is_data: {
    what: 'A template in what set_fact has rendered',
    ansible: 'is rendered again when the variable is read',
    ours: 'is text',
    because: 'what comes from a host or a result must not be run as an expression',
  },
  lookups: {
    what: 'Lookups of files and of the environment, and `vars`',
    ansible: 'read whatever is there on the machine of the run',
    ours: 'are errors with what to write instead',
    because: 'a plan must follow from inventory, playbook and host alone',
  },
  loop_lookups: {
    what: 'with_cartesian, with_inventory_hostnames, with_random_choice, with_first_found',
    ansible: 'are loops',
    ours: 'are errors with what to write instead',
    because: 'each has another name here, or could not be foreseen',
  },
  loop_name: {
    what: 'The name of a task with a loop that reads its item',
    ansible: 'is rendered with the item of the last round, or not at all',
    ours: 'is rendered once, without the item',
    because: 'a task has one name',
  },
  number_tags: {
    what: 'A tag that is a number',
    ansible: 'is never chosen by `--tags`',
    ours: 'is chosen as a text is',
    because: 'it is written there to be chosen',
  },
  start_in_rescue: {
    what: '`--start-at-task` with a task of a rescue',
    ansible: 'runs nothing, and exits 0',
    ours: 'runs what stands behind it in the play',
    because: 'a run of nothing would look like success',
  },
  text_condition: {
    what: 'A condition that is a text',
    ansible: 'is true unless the text is empty',
    ours: 'is an error',
    because: '"false" would be true',
  },
  action_key: {
    what: '`action: module …`',
    ansible: 'is another way to name a module',
    ours: 'is an error: a task names its module as a key',
    because: 'one way is enough, and that one can be checked',
  },
}
