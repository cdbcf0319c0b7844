import { setgid, setuid } from 'node:process';
import { SqliteStaging } from '../../src/io/sqlite/staging.ts';

/** Prints the ids of pending messages in a staging file, and its note `issue`, without write permission: root becomes nobody. */
const [path] = process.argv.slice(2) as [string];
const nobody = 65_534;
if (process.getuid?.() === 0) {
  setgid!(nobody);
  setuid!(nobody);
}
const staging = new SqliteStaging(path, 'archive');
try {
  const { staged } = await staging.state();
  const note = await staging.note('issue');
  console.log([...staged.map(({ message_id }) => message_id), ...(note === undefined ? [] : [note])].join(' '));
} catch (error) {
  console.log((error as Error).message);
} finally {
  await staging.close();
}
