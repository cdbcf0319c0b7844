import { Worker } from 'node:worker_threads';
import { stopOnSignals } from '../../src/io/process/signals.ts';
import { TemporaryFolder } from '../../src/io/process/temporary.ts';

/** Creates a temporary folder, prints its path, and keeps a thread busy. With `stuck`, removing the folder never ends. */
const [parent, how] = process.argv.slice(2) as [string, string?];
const folder = await TemporaryFolder.create(parent);
stopOnSignals(
  () => {
    if (how === 'stuck') {
      console.log('stuck');
      for (;;);
    }
    folder.removeSync();
  },
  (line) => console.log(line),
);
const worker = new Worker('for (;;);', { eval: true });
worker.once('online', () => console.log(folder.path));
