import { bytes, counted } from '../format.ts';
import { type ManifestCheck, manifestParts } from './manifest.ts';
import { code, document } from './markdown.ts';
import { summaryBytesMax } from './summary.ts';

const rowsMax = 50;
const differenceCharactersMax = 600;
const urlCharactersMax = 300;

/** Result of reading an archive back and comparing it with its ledger. */
export interface Verification {
  /** The archive's URL: `s3://bucket/prefix`. */
  readonly archive: string;
  /** Slots in the ledger. */
  readonly slots: number;
  readonly objects: number;
  readonly messages: number;
  /** Size of the objects. */
  readonly bytes: number;
  /** One sentence each, with the remedy. */
  readonly differences: readonly string[];
}

/** Returns Markdown for the job summary of a verification. */
export function summarizeVerification(verification: Verification, manifest?: ManifestCheck): string {
  const { archive, slots, objects, messages, bytes: stored, differences } = verification;
  const whole = `${counted(objects, 'object')} with ${counted(messages, 'message')} (${bytes(stored)})`;
  const readBack = `${whole} in ${code(archive, urlCharactersMax)} ${objects === 1 ? 'was' : 'were'} read back and compared with the ledger (${counted(slots, 'slot')}).`;
  const more = manifest === undefined ? [] : manifestParts(manifest);
  if (differences.length === 0)
    return document(
      [{ head: ['## Message Archive: ✅ verified', '', `${readBack} They match.`] }, ...more],
      summaryBytesMax,
    );
  const count = counted(differences.length, 'difference');
  return document(
    [
      { head: ['## Message Archive: ❌ does not match its ledger', '', readBack] },
      {
        head: [`**${count}**: fix them, then verify again.`, ''],
        rows: differences.map((difference) => `- ${code(difference, differenceCharactersMax)}`),
        rowsMax,
        rest: (more) => `- and ${counted(more, 'more difference')}: see the log`,
      },
      ...more,
    ],
    summaryBytesMax,
  );
}
