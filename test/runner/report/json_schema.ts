import { z } from 'zod'
import { SEVERITIES, STAGES } from '../../../src/verdict/finding.ts'

const text = z.string()
const content = z.union([text, z.strictObject({ base64: z.base64() }), z.null()])
const count = z.int().nonnegative()

const ran = z.strictObject({
  command: text,
  exitCode: z.int().optional(),
  output: z.array(text),
})

const hostCounts = z.strictObject({
  ok: count,
  changed: count,
  unreachable: count,
  failed: count,
  skipped: count,
  rescued: count,
  ignored: count,
  pending: count,
  connections: count,
  execs: count,
  rebootPending: text,
})

/** What docs/output.md promises of each line. */
export const jsonEvent = z.discriminatedUnion('event', [
  z.strictObject({
    event: z.literal('run'),
    playbook: text,
    check: z.boolean(),
    hosts: z.array(text),
    snapshots: z.strictObject({ folder: text, from: z.iso.datetime(), to: z.iso.datetime() }).optional(),
  }),
  z.strictObject({ event: z.literal('play'), play: text, hosts: z.array(text) }),
  z.strictObject({
    event: z.literal('batch'),
    play: text,
    number: z.int().positive(),
    of: z.int().positive(),
    hosts: z.array(text),
  }),
  z.strictObject({
    event: z.literal('phase'),
    host: text,
    phase: z.enum(['connect', 'look', 'plan', 'apply', 'run', 'wait', 'reboot', 'prove', 'done']),
    detail: text.optional(),
  }),
  z.strictObject({ event: z.literal('output'), host: text, step: text, line: text }),
  z.strictObject({
    event: z.literal('task'),
    host: text,
    play: text,
    task: text,
    module: text,
    status: z.enum(['ok', 'changed', 'pending', 'unknown', 'skipped', 'blocked', 'failed']),
    why: text,
    hint: text.optional(),
    item: text.optional(),
    ignored: z.literal(true).optional(),
    ran: ran.optional(),
  }),
  z.strictObject({
    event: z.literal('finding'),
    host: text,
    play: text,
    task: text,
    stage: z.enum(STAGES),
    severity: z.enum(SEVERITIES),
    what: text,
    evidence: text,
    next: text,
  }),
  z.strictObject({
    event: z.literal('boots'),
    host: text,
    bootloader: text,
    evidence: text,
    initramfs: text.optional(),
  }),
  z.strictObject({ event: z.literal('diff'), host: text, path: text, before: content, after: content }),
  z.strictObject({
    event: z.literal('command'),
    host: text,
    argv: z.array(text).min(1),
    reason: text,
    check: z.boolean(),
  }),
  z.strictObject({
    event: z.literal('bind'),
    host: text,
    address: text,
    id: text,
    from: text,
    to: text,
    check: z.boolean(),
  }),
  z.strictObject({
    event: z.literal('prediction'),
    host: z.string(),
    after: z.enum(['apply', 'boot']),
    compared: z.number(),
    unknown: z.number(),
    wrong: z.array(z.strictObject({ field: z.string(), predicted: z.unknown(), observed: z.unknown() })),
  }),
  z.strictObject({ event: z.literal('warning'), host: text.optional(), why: text }),
  z.strictObject({
    event: z.literal('host_failed'),
    host: text,
    status: z.enum(['failed', 'unreachable', 'locked']),
    why: text,
    hint: text.optional(),
    output: z.array(text).optional(),
    ran: ran.optional(),
  }),
  z.strictObject({ event: z.literal('host_stopped'), host: text, why: text }),
  z.strictObject({ event: z.literal('rescue'), host: text, block: text, why: text }),
  z.strictObject({ event: z.literal('recap'), hosts: z.record(text, hostCounts), exitCode: count }),
])
