import { DatabaseSync } from 'node:sqlite';

/** Locks the given file, prints `held`, and never releases it. */
new DatabaseSync(process.argv[2]!).exec('BEGIN EXCLUSIVE');
process.stdout.write('held');
setInterval(() => undefined, 1_000);
