import { fixedColumns } from '../archive/schema.ts';
import type { Column, ColumnType } from '../messages/message.ts';
import { type Form, Refusal } from './given.ts';
import { pointer } from './parsers.ts';

const columnsMax = 100;
const nameCharsMax = 63;
const types: readonly ColumnType[] = ['string', 'int64', 'double', 'boolean', 'timestamp'];
/** Readers of a partitioned archive make a column of each folder's name. */
const taken = new Set([...fixedColumns, 'month', 'day']);
const line = /^([^:]*?)\s*:\s*(\S.*?)\s+(\S+)$/;
/** In a pointer: another column's beginning, or a comment after a type. A name may hold spaces, commas and `#` otherwise. */
const furtherColumn = /[\s,;]\w+\s*:\s*\//;
const comment = new RegExp(`\\s(?:${types.join('|')})[,;]?\\s+#`);
const name = new RegExp(`^[a-z_][a-z0-9_]{0,${nameCharsMax - 1}}$`);

/** One `name: /json/pointer type` a line; blank lines and lines that begin with `#` are left out. */
export const columns: Form<readonly Column[]> = {
  accepted: `write \`name: /json/pointer type\` on a line of its own for each column, with a type of ${types.join(', ')}`,
  read(text) {
    const lines = text.split(/\r?\n|\r/).map((each) => each.trim());
    const declared = lines.filter((each) => each !== '' && !each.startsWith('#')).map((each) => readColumn(each));
    const names = declared.map((column) => column.name);
    const twice = names.find((each, index) => names.indexOf(each) < index);
    if (twice !== undefined) throw new Refusal('two columns have this name, give each its own', twice);
    if (declared.length <= columnsMax) return declared;
    throw new Refusal(`at most ${columnsMax} are accepted`, `${declared.length} columns`);
  },
};

function readColumn(text: string): Column {
  const [, column, path, type] = line.exec(text) ?? [];
  if (column === undefined || path === undefined) throw new Refusal(columns.accepted, text);
  if (!name.test(column)) {
    throw new Refusal(
      `write the name of a column in lower case, with a-z, 0-9 and _, no digit first, and ${nameCharsMax} characters at most`,
      text,
    );
  }
  if (taken.has(column)) throw new Refusal(`the archive itself has a column \`${column}\`, choose another name`, text);
  if (furtherColumn.test(path) || comment.test(path)) {
    throw new Refusal('write one column a line, `name: /json/pointer type`, and nothing after its type', text);
  }
  const found = pointer.read(path);
  if (found === undefined) throw new Refusal(`${pointer.accepted}, after the name of a column`, text);
  const known = types.find((each) => each === type);
  if (known === undefined) throw new Refusal(`write a type of ${types.join(', ')} at the end of a column`, text);
  return { name: column, pointer: found, type: known };
}
