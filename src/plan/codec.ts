import { gunzipSync, gzipSync } from 'node:zlib';
import * as v from 'valibot';
import type { Comparison } from '../archive/comparison.ts';
import { UserError } from '../errors.ts';
import { sourceNames } from '../messages/message.ts';
import { type PlanOutput, reasons } from './decide.ts';

/** A limit, so that a crafted text cannot fill the memory. */
const unpackedBytesMax = 16 * 1024 * 1024;

/**
 * Encodes a value as short text to pass from one job to another: Linux limits an environment variable to 128 KiB, and every
 * input is one.
 */
export function packed(value: unknown): string {
  return gzipSync(JSON.stringify(value)).toString('base64');
}

/**
 * Decodes a {@link packed} text.
 * @throws Error if it is not one
 */
export function unpacked(text: string): unknown {
  const json = gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: unpackedBytesMax });
  return JSON.parse(json.toString());
}

const namedMessages = v.object({
  count: v.number(),
  named: v.array(v.object({ id: v.string(), shown: v.optional(v.picklist(['unalerted', 'invalid'])) })),
});

const span = { from: v.string(), to: v.string() };

const comparison = v.union([
  v.object({ ...span, failure: v.string() }),
  v.object({
    ...span,
    settled: v.optional(v.picklist(sourceNames)),
    both: v.number(),
    lacking: v.array(v.object({ source: v.picklist(sourceNames), ...namedMessages.entries })),
    differing: namedMessages,
  }),
]) satisfies v.GenericSchema<unknown, Comparison>;

const planOutput = v.object({
  planned_at: v.string(),
  slots: v.array(v.tuple([v.string(), v.picklist(['read', 're-check']), v.picklist(reasons)])),
  comparison: v.optional(comparison),
}) satisfies v.GenericSchema<unknown, PlanOutput>;

/**
 * Parses the `plan` input: the output `plan` of the command `plan`.
 * @throws UserError naming the input
 */
export function parsePlan(text: string): PlanOutput {
  try {
    return v.parse(planOutput, unpacked(text));
  } catch {
    throw new UserError(
      'plan-invalid',
      'The input `plan` is not an output of the command `plan`. Pass the output `plan` unchanged.',
    );
  }
}
