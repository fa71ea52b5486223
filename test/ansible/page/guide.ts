/** The first part of the page: how to move in an hour. */
export const GUIDE = `## In an hour

1. **Take your inventory as it is.** YAML, INI, folders, programs that print JSON, \`group_vars\`, \`host_vars\` and values
   closed with ansible-vault are read. See that the hosts and variables are those you expect:

   \`\`\`sh
   vfio-run inventory -i hosts.yaml --graph
   vfio-run inventory -i hosts.yaml --host lab01
   \`\`\`

   They print what \`ansible-inventory\` prints, and reach no host.

2. **Write a playbook, or take the tasks over.** Plays, blocks, loops, handlers, \`register\`, tags and the rest mean what
   they mean in Ansible; the words for passthrough are in [docs/modules.md](modules.md).

   \`\`\`yaml
   - hosts: gpu
     become: true
     serial: [1, 100%]
     max_fail_percentage: 0
     vars:
       vfio_devices: ["10de:13c2", "10de:0fbb"]
     tasks:
       - package:
           name: [qemu-system-x86, libvirt-daemon-system]
         when: ansible_facts.os_family == "Debian"
       - iommu_kernel_args:
       - vfio_ids:
           devices: "{{ vfio_devices }}"
       - initramfs_rebuild:
       - reboot:
       - verify_devices:
           devices: "{{ vfio_devices }}"
   \`\`\`

   \`vfio-run gpu.yaml -i hosts.yaml --syntax-check\` tells all that is wrong in it, with line and column, before any host
   is reached. A word of Ansible's that is not supported is named with what to do instead.

3. **Run it with the flags you know.** \`-i -l -e -t --skip-tags --check --diff -b -K -u -k -f -v --list-hosts --list-tasks
   --start-at-task --step\` are the same. \`--check --diff\` shows what will be written, the reboot included. Of
   \`ansible.cfg\` the settings [below](#ansiblecfg) are honoured.

4. **Look at exit codes anew** if a script reads them: 0 fine, 2 a host failed, 3 changes are pending (with
   \`--detailed-exitcode\`), 4 a host could not be reached, 5 a mistake in what was given, 6 some failed and some could not
   be reached, 7 another run holds the lock of a host, 130 interrupted.

5. **Leave to Ansible what is Ansible's.** Plays with roles, collections or other modules run before it or behind it, over
   the same inventory:

   \`\`\`sh
   ansible-playbook -i hosts.yaml base.yaml && vfio-run gpu.yaml -i hosts.yaml && ansible-playbook -i hosts.yaml guests.yaml
   \`\`\`

   Hosts need no Python for vfio-run. A program that no module knows is run with \`command\`, which has \`creates\`,
   \`removes\`, \`changed_when\` and \`register\`.`
