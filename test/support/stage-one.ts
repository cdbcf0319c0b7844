import { SqliteStaging } from '../../src/io/sqlite/staging.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { stagedMessage } from './ledger.ts';

/** Opens a staging file that others open concurrently, and stages a message with the given id. */
const [path, id] = process.argv.slice(2) as [string, string];
const staging = new SqliteStaging(path, 'archive');
await staging.prepare();
await staging.stage([stagedMessage({ slot: slotAt(0, { windowDays: 60, partitionBy: 'month' }).id, message_id: id })]);
await staging.close();
