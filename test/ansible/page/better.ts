/** What users of Ansible have asked for, and the test that shows it here. */
export interface Better {
  readonly title: string
  readonly text: string
  /** Below test/acceptance. */
  readonly test: string
}

export const BETTER: readonly Better[] = [
  {
    title: 'The reboot is not forgotten',
    text: 'In Ansible a handler that reboots is dropped when a later task fails, and the next run finds nothing to do. Here the need follows from what the host is like: the next run reboots, and proves it.',
    test: 'lost_reboot',
  },
  {
    title: 'A host that stayed up is not taken for rebooted',
    text: 'Ansible takes any other output for a new boot, a line of the login shell too. Here it takes a boot id that is one, and another; all of the waiting has one deadline, and a changed host key ends it at once.',
    test: 'false_reboot',
  },
  {
    title: 'A rolling reboot stops at the host that does not come back',
    text: 'Ansible does not count hosts that cannot be reached against `max_fail_percentage`. Here they count, and the next batch is not touched.',
    test: 'rolling_reboot',
  },
  {
    title: 'A dry run sees its own changes',
    text: 'In Ansible a task that builds on an earlier one fails under `--check`, as the earlier one has done nothing. Here each task is planned on what those before it will have left, and the files that are shown are the files that are written.',
    test: 'dry_run',
  },
  {
    title: 'Exit codes can be told apart',
    text: 'Ansible says 4 for a host that cannot be reached, for a mistake in the playbook, and for hosts that failed beside it. Here each has its own.',
    test: 'exit_codes',
  },
  {
    title: 'Two people do not change one host at a time',
    text: 'Ansible has no lock. Here one lies on the host for as long as a run changes it: another run leaves the host alone, says who holds it, and goes on with the rest.',
    test: 'lock',
  },
  {
    title: 'Slips of the fingers do not reach the hosts',
    text: 'Ansible meets most of them when the task is due. Here names, arguments and templates are checked before the first connection, and all mistakes are told in one go, each with its place and what to do.',
    test: 'typing_errors',
  },
  {
    title: 'Host keys are checked',
    text: 'Known hosts are honoured as ssh does, and no setting turns that off. An unknown key is refused with its fingerprint and the way out, and a changed one always.',
    test: 'host_keys',
  },
  {
    title: 'Ctrl-C leaves no half-written host',
    text: 'The first lets each host finish the step it is in, and no other begins. The second gives the connections up at once, and the recap names the hosts.',
    test: 'interrupts',
  },
  {
    title: 'The machine you sit at is not rebooted under you',
    text: 'Also when the inventory knows it by another name: its boot id tells. The run ends by saying that a reboot is left to do, and the next run proves it.',
    test: 'own_machine',
  },
  {
    title: '`check_mode: false` cannot make a dry run change a host',
    text: 'It is for actions such as `command`, where you know that the program only looks. At a module it is a mistake that is told before the first connection.',
    test: 'check_mode',
  },
]
