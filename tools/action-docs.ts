import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';

/** An input of action.yml, with the comment that heads its group. */
interface Input {
  readonly name: string;
  readonly group: string;
  readonly description: string;
  readonly required: boolean;
}

interface Output {
  readonly name: string;
  readonly description: string;
}

const requiredGroup = 'Required';
const referencePath = 'docs/inputs.md';
const inputHead = ['| input | default | description |', '|---|---|---|'];
const referenceIntroduction = `# Inputs

Every input of the action, generated from [action.yml](../action.yml) by \`npm run docs\`. Set \`archive\`, \`staging\` and a source.
[Sources](sources.md) describes what sources must provide.
`;
const flagValues = ': `true` or `false`.';

/**
 * Replaces the text between the markers of README.md with tables made from action.yml.
 * @throws Error if a marker is missing
 */
export function readmeFrom(action: string, readme: string): string {
  return between(between(readme, 'inputs', inputTable(action)), 'outputs', outputTable(action));
}

/**
 * Replaces the descriptions of archive.yml between its markers with those of action.yml. Its other lines stay.
 * @throws Error if a marker is missing, or an input between markers is not one of action.yml
 */
export function workflowFrom(action: string, workflow: string): string {
  const inputs = new Map(inputsOf(action).map((input) => [input.name, input.description]));
  let isGenerated = false;
  let name = '';
  let blocks = 0;
  const lines = workflow.split('\n').map((line, index, all) => {
    if (/^ *# Generated from action\.yml/.test(line)) {
      isGenerated = true;
      blocks += 1;
    }
    if (/^ *# End of generated/.test(line)) isGenerated = false;
    if (!isGenerated) return line;
    name = /^ {6}([a-z-]+):$/.exec(line)?.[1] ?? name;
    if (!/^ {8}description: /.test(line)) return line;
    const description = inputs.get(name);
    if (description === undefined) throw new Error(`archive.yml has an input ${name} that action.yml lacks.`);
    const isFlag = all[index + 1]?.trim() === 'type: boolean';
    return `        description: ${quoted(isFlag ? description.replace(flagValues, '.') : description)}`;
  });
  if (blocks === 0 || isGenerated) throw new Error('archive.yml lacks the markers of its generated descriptions.');
  return lines.join('\n');
}

/**
 * Inputs in a table: required ones first, then the groups in the order of action.yml. A group such as `Message API: pages` is one row
 * that names its inputs and links to the reference.
 */
function inputTable(action: string): string {
  const rows = [...groupsOf(action)].flatMap(([group, members]) => {
    if (!group.includes(': ')) return [`| **${group}** | | |`, ...members.map(inputRow)];
    const names = members.map(({ name }) => `\`${name}\``).join(', ');
    return [`| **[${group}](${referencePath}#${anchorOf(group)})** | | ${names} |`];
  });
  return [...inputHead, ...rows].join('\n');
}

/** The whole page docs/inputs.md: a table per group. */
export function referenceFrom(action: string): string {
  const tables = [...groupsOf(action)].map(
    ([group, members]) => `## ${group}\n\n${[...inputHead, ...members.map(inputRow)].join('\n')}\n`,
  );
  return [referenceIntroduction, ...tables].join('\n');
}

function groupsOf(action: string): Map<string, Input[]> {
  const inputs = inputsOf(action);
  const groups = Map.groupBy(inputs, ({ required, group }) => (required ? requiredGroup : group));
  const first = groups.get(requiredGroup) ?? [];
  groups.delete(requiredGroup);
  return new Map([[requiredGroup, first], ...groups]);
}

function inputRow({ name, description, required }: Input): string {
  const [, text, standard] = /^(.*?)(?: Default: (.*)\.)?$/.exec(description)!;
  return `| \`${name}\` | ${required ? 'required' : cell(standard ?? '')} | ${cell(text!)} |`;
}

/** The anchor that GitHub makes from a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

function outputTable(action: string): string {
  const rows = outputsOf(action).map(({ name, description }) => {
    const [, text, example, commands] = /^(.*?)(?: Example: (`.*`)\.)? Set by (.*)\.$/.exec(description)!;
    return `| \`${name}\` | ${commands} | ${cell(text!)} | ${cell(example ?? '')} |`;
  });
  return ['| output | set by | description | example |', '|---|---|---|---|', ...rows].join('\n');
}

function inputsOf(action: string): Input[] {
  let group = '';
  return entries(action, 'inputs').map(({ name, comment, fields }) => {
    group = comment?.trim() ?? group;
    return { name, group, description: String(fields.get('description')), required: fields.get('required') === true };
  });
}

function outputsOf(action: string): Output[] {
  return entries(action, 'outputs').map(({ name, fields }) => ({
    name,
    description: String(fields.get('description')),
  }));
}

interface Entry {
  readonly name: string;
  readonly comment: string | undefined;
  readonly fields: YAMLMap;
}

/** The members of a section of action.yml, each with the comment before it. */
function entries(action: string, section: string): Entry[] {
  const map = parseDocument(action).get(section);
  if (!isMap(map)) throw new Error(`action.yml has no ${section}.`);
  return (map.items as Pair[]).map(({ key, value }, index) => {
    if (!isScalar(key) || !isMap(value)) throw new Error(`action.yml has a member of ${section} that is no map.`);
    // The parser attaches a comment before the first member to the map.
    const comment = index === 0 ? map.commentBefore : key.commentBefore;
    return { name: String(key.value), comment: comment?.split('\n').at(-1), fields: value };
  });
}

function between(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name}: npm run docs -->\n`, `\n<!-- end of ${name} -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`README.md lacks the markers of its ${name}.`);
  return text.slice(0, from + start.length) + content + text.slice(to);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
