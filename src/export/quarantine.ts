import { quarantineFolder } from '../archive/layout.ts';
import { quarantineLine } from '../archive/unplaced.ts';
import type { Context } from '../context.ts';
import { type Spool, SpoolReader } from '../memory/spool.ts';
import type { Slot } from '../windows/slot.ts';
import type { InvalidMessage } from './findings.ts';
import { publishLines } from './lines-object.ts';

/**
 * Keeps what a reading of a slot could not read as messages, each with the reason: one object for all of them. Objects of
 * readings before stay.
 * @param spool holds their bytes
 * @returns hex SHA-256 of the object; undefined where there is nothing to keep
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
