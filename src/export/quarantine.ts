import { quarantineFolder } from '../archive/layout.ts';
import { quarantineLine } from '../archive/unplaced.ts';
import type { Context } from '../context.ts';
import { type Spool, SpoolReader } from '../memory/spool.ts';
import type { Slot } from '../windows/slot.ts';
import type { InvalidMessage } from './findings.ts';
import { publishLines } from './publish-lines.ts';

/**
 * Publishes the invalid messages of a read, each with its reason, as one object. Objects of earlier reads stay.
 * @param spool holds their bytes
 * @returns the object's SHA-256 in hex; undefined if there are none
 */
export async function quarantine(
  context: Context,
  slot: Slot,
  invalid: readonly InvalidMessage[],
  spool: Spool,
): Promise<string | undefined> {
  if (invalid.length === 0) return undefined;
  const reader = new SpoolReader(await spool.flush());
  try {
    return await publishLines(context, quarantineFolder(slot.id), quarantineLines(invalid, reader));
  } finally {
    reader.close();
  }
}

function* quarantineLines(invalid: readonly InvalidMessage[], spool: SpoolReader): Generator<string> {
  for (const { sha, reason, position, length } of [...invalid].sort(bySha)) {
    const bytes = new Uint8Array(length);
    spool.copy(position, length, bytes, 0);
    yield quarantineLine(sha, reason, bytes);
  }
}

function bySha({ sha: a }: InvalidMessage, { sha: b }: InvalidMessage): number {
  return a < b ? -1 : Number(a > b);
}
