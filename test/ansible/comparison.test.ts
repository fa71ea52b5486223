import { afterAll, describe, expect, test } from 'vitest'
import { AnsiblePrograms, ansibleVersion } from './ansible_programs.ts'
import { CASES } from './cases/index.ts'
import { askBoth } from './compare.ts'
import { DIFFERENCES } from './differences.ts'

const counts = { same: 0, different: 0 }

describe.skipIf(ansibleVersion === undefined)(
  `as ansible-core ${ansibleVersion ?? '(not installed)'}`,
  () => {
    const programs = new AnsiblePrograms()

    for (const [subject, cases] of Object.entries(CASES))
      test.concurrent.each(cases.map(one => [one.name, one] as const))(
        `${subject}: %s`,
        async (_, one) => {
          const { ansible, ours } = await askBoth(one, programs)
          if (one.differs !== undefined) {
            expect(DIFFERENCES).toHaveProperty(one.differs)
            expect(ours).not.toEqual(ansible)
            counts.different++
            return
          }
          expect(ours).toEqual(ansible)
          counts.same++
        },
        60_000,
      )

    afterAll(() => {
      programs[Symbol.dispose]()
      const all = Object.values(CASES).flat().length
      console.log(
        `Compared with ansible-core ${ansibleVersion}: ${all} plays, ${counts.same} the same, ${counts.different} different on purpose (docs/ansible.md)`,
      )
    })
  },
)
