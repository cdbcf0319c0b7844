import { bytes, counted } from '../format.ts';
import { type ManifestCheck, manifestParts } from './manifest.ts';
import { code, page } from './markdown.ts';
import { summaryBytesMax } from './summary.ts';

const rowsMax = 50;
const differenceCharactersMax = 600;
const urlCharactersMax = 300;

/** What was read back of an archive, and where it is not as its ledger says. */
export interface Verification {
  /** The archive for people: `s3://bucket/prefix`. */
  readonly archive: string;
  /** Slots that the ledger knows. */
  readonly slots: number;
  readonly objects: number;
  readonly messages: number;
  /** Of the objects. */
  readonly bytes: number;
  /** One sentence for each, with what to do. */
  readonly differences: readonly string[];
}

/** Markdown for the summary of the job that verifies, and holds the archive against a manifest where there is one. */
export function summarizeVerification(verification: Verification, manifest?: ManifestCheck): string {
  const { archive, slots, objects, messages, bytes: stored, differences } = verification;
  const whole = `${counted(objects, 'object')} with ${counted(messages, 'message')} (${bytes(stored)})`;
  const readBack = `Read back of ${code(archive, urlCharactersMax)}: ${whole}, against the ledger of ${counted(slots, 'slot')}.`;
  const more = manifest === undefined ? [] : manifestParts(manifest);
  if (differences.length === 0)
    return page(
      [{ head: ['## Message Archive: ✅ verified', '', `${readBack} All is there as the ledger says.`] }, ...more],
      summaryBytesMax,
    );
  const count = counted(differences.length, 'difference');
  return page(
    [
      { head: ['## Message Archive: ❌ differs from its ledger', '', readBack] },
      {
        head: [`**${count}**: put right what is said here, then verify again.`, ''],
        rows: differences.map((difference) => `- ${code(difference, differenceCharactersMax)}`),
        rowsMax,
        rest: (left) => `- and ${counted(left, 'more difference')}: see the log`,
      },
      ...more,
    ],
    summaryBytesMax,
  );
}
