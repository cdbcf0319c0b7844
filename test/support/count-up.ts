import { randomUUID } from 'node:crypto';
import { clock } from '../../src/io/clock.ts';
import { DirectoryArchive } from '../../src/io/directory/archive.ts';

/** Increments the number in an object the given number of times; retries after a conflict. */
const [folder, path, times] = process.argv.slice(2) as [string, string, string];
const archive = new DirectoryArchive({ folder, clock, newId: randomUUID });
await archive.prepare();
for (let left = Number(times); left > 0; ) {
  const object = (await archive.open(path))!;
  const number = Number(Buffer.from(await object.read(0, object.size)).toString());
  await object.close();
  const { outcome } = await archive.publish(path, { text: String(number + 1) }, object.version);
  if (outcome === 'committed') left -= 1;
  else if (outcome !== 'conflict') throw new Error(outcome);
}
await archive.close();
