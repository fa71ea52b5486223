import type { ModuleArgs } from '../modules/define.ts'
import { argumentsSchema } from './arguments.ts'
import {
  anything,
  DRAFT,
  described,
  flag,
  type JsonSchema,
  orTemplate,
  seconds,
  text,
  whole,
} from './json_schema.ts'

/** The JSON Schema of an inventory in YAML, for editors. `devices`: the module whose `devices` the variable takes. */
export const inventorySchema = (modules: ReadonlyMap<string, { readonly args: ModuleArgs }>): JsonSchema => ({
  $schema: DRAFT,
  $id: 'vfio-run:inventory',
  title: 'an inventory of vfio-run',
  type: 'object',
  propertyNames: { pattern: '^[^\\s,!&~*?@\\[\\]]+$', not: { enum: ['hosts', 'vars', 'children'] } },
  additionalProperties: { $ref: '#/definitions/group' },
  definitions: {
    group: {
      type: ['object', 'null'],
      properties: {
        hosts: described(
          { type: ['object', 'null'], additionalProperties: { $ref: '#/definitions/variables' } },
          'NAME: or a range, lab[01:16]:, with variables of its own',
        ),
        vars: { $ref: '#/definitions/variables' },
        children: described(
          { type: ['object', 'null'], additionalProperties: { $ref: '#/definitions/group' } },
          'groups below this one',
        ),
      },
      additionalProperties: false,
    },
    variables: {
      type: ['object', 'null'],
      propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
      properties: { ...CONNECTION, ...playbookVariables(modules) },
      additionalProperties: anything,
    },
  },
})

const CONNECTION: Readonly<Record<string, JsonSchema>> = {
  ansible_host: described(text, 'the address, where it is not the name'),
  ansible_port: described(orTemplate({ type: 'integer', minimum: 1, maximum: 65_535 }), 'the port of SSH'),
  ansible_user: described(text, 'log in as'),
  ansible_connection: described(
    orTemplate({ enum: ['ssh', 'smart', 'local', 'openssh'] }),
    'how to reach the host',
  ),
  ansible_ssh_private_key_file: described(text, 'log in with this key'),
  ansible_ssh_common_args: described(text, 'options of ssh, such as -o ProxyJump=bastion'),
  ansible_ssh_args: described(text, 'options of ssh that stand before those'),
  ansible_ssh_extra_args: described(text, 'options of ssh that stand behind those'),
  ansible_password: described(text, 'the password of the login; better encrypted by ansible-vault'),
  ansible_timeout: described(seconds, 'seconds for connecting'),
  ansible_become: described(flag, 'run as another user'),
  ansible_become_user: described(text, 'who to become'),
  ansible_become_method: described(orTemplate({ enum: ['sudo', 'su', 'doas'] }), 'by which program'),
  ansible_become_password: described(text, 'its password; better encrypted by ansible-vault'),
  ansible_group_priority: described(whole, 'of groups on one level the higher number wins'),
}

/** What the playbooks that come with vfio-run read: the arguments they are handed to say what they take. */
const HANDED_TO = {
  vfio_devices: ['vfio_ids', 'devices'],
  vfio_allow: ['vfio_ids', 'allow'],
  vfio_blacklist: ['driver_blacklist', 'drivers'],
  vfio_acs_override: ['acs_override', 'values'],
  vfio_state: ['vfio_ids', 'state'],
} as const satisfies Record<string, readonly [string, string]>

const playbookVariables = (
  modules: ReadonlyMap<string, { readonly args: ModuleArgs }>,
): Record<string, JsonSchema> =>
  Object.fromEntries(
    Object.entries(HANDED_TO).flatMap(([variable, [module, argument]]) => {
      const args = modules.get(module)?.args
      return args === undefined ? [] : [[variable, argumentOf(argumentsSchema(args), argument)]]
    }),
  )

function argumentOf(schema: JsonSchema, name: string): JsonSchema {
  const [mapping] = Array.isArray(schema.anyOf) ? schema.anyOf : []
  return mapping?.properties?.[name] ?? anything
}
