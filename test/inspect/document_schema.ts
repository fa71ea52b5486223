import { z } from 'zod'
import { SEVERITIES, STAGES } from '../../src/verdict/finding.ts'

const text = z.string()
const address = z.string().regex(/^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/)
const stage = z.enum(STAGES)

const finding = z.strictObject({
  stage,
  severity: z.enum(SEVERITIES),
  what: text,
  evidence: text,
  next: text,
})

const map = z.strictObject({
  machine: z.strictObject({
    hostname: text,
    vendor: text,
    product: text,
    board: text,
    firmwareVersion: text,
    cpu: text,
    arch: text,
    os: text,
    kernel: text.nullable(),
    seenAsRoot: z.boolean(),
  }),
  bootloader: text.nullable(),
  bootloaderEvidence: text,
  initramfs: text.nullable(),
  standing: z.strictObject({
    state: z.enum(['ready', 'on', 'failed', 'unknown']),
    stage: stage.nullable(),
    says: text,
    evidence: text,
    next: text,
    stages: z.array(
      z.discriminatedUnion('is', [
        z.strictObject({ stage, is: z.literal('passed'), says: text, evidence: text }),
        z.strictObject({ stage, is: z.literal('failed'), finding }),
        z.strictObject({ stage, is: z.literal('unknown'), why: text }),
      ]),
    ),
    findings: z.array(finding),
  }),
  groups: z.array(z.strictObject({ number: z.int().nonnegative(), devices: z.array(address).min(1) })),
  devices: z.array(
    z.strictObject({
      address,
      id: z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/),
      kind: text,
      name: text,
      driver: text.nullable(),
      group: z.int().nonnegative().nullable(),
      bridge: z.boolean(),
    }),
  ),
  candidates: z.array(
    z.strictObject({
      kind: text.min(1),
      devices: z.array(address).min(1),
      state: z.enum(['ready', 'free', 'possible', 'not']),
      obstacles: z.array(z.strictObject({ device: address, what: text.min(1), allow: text.nullable() })),
      company: z.array(address),
      selector: text.min(1),
    }),
  ),
})

/** What docs/output.md promises of `vfio-run inspect --output json`. */
export const inspectDocument = z.strictObject({
  version: z.literal(1),
  hosts: z.record(
    text,
    z.discriminatedUnion('status', [
      z.strictObject({ status: z.literal('seen'), snapshot: z.iso.datetime().nullable(), map }),
      z.strictObject({
        status: z.enum(['failed', 'unreachable']),
        error: z.strictObject({ why: text, hint: text }),
      }),
    ]),
  ),
})
