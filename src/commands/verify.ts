import type { Context } from '../context.ts';
import { bytes, counted, duration, number } from '../format.ts';
import type { Verification } from '../report/verification.ts';
import { checkArchive } from '../verify/archive-check.ts';

/**
 * Reads the ledger and every byte of the archive, and compares them: that every object is present, with its hash, rows,
 * digests, columns, order and times; that no id occurs twice; that there are no unexpected files; and that quarantine objects
 * and lists of removed messages are intact.
 */
export async function verify(context: Context): Promise<Verification> {
  const startedMs = context.elapsed();
  const check = await checkArchive(context);
  const { records, objects, messages, differences } = check;
  context.log.line(
    `Verified ${counted(objects, 'object')} with ${number(messages)} messages (${bytes(check.bytes)}) against ${counted(records, 'ledger record')} in ${duration(context.elapsed() - startedMs)}: ${counted(differences.length, 'difference')}.`,
  );
  return { archive: context.archive.url, slots: records, objects, messages, bytes: check.bytes, differences };
}
