/** The hosts of most cases: nothing is reached, and each stands for itself. */
export const HOSTS = `all:
  vars:
    ansible_connection: local
    ansible_python_interpreter: /usr/bin/python3
    level: all
  children:
    lab:
      vars: {level: lab, rack: 1}
      hosts:
        lab[01:04]:
      children:
        gpu:
          vars: {level: gpu}
          hosts:
            lab03: {level: host, slot: "01:00.0"}
            gpu[1:2]:
    spare:
      hosts:
        s1:
        lab02:
`

/** One host, for what does not depend on others. */
export const ONE = `all:
  hosts:
    lab:
      ansible_connection: local
      ansible_python_interpreter: /usr/bin/python3
`
