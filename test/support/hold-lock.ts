import { DatabaseSync } from 'node:sqlite';

/** Takes the lock file that is named, says so, and never gives it back. */
new DatabaseSync(process.argv[2]!).exec('BEGIN EXCLUSIVE');
process.stdout.write('held');
setInterval(() => undefined, 1_000);
