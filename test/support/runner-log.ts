/** Commands of the runner: its extensions, and `stop-commands`. */
const registered = new Set([
  'add-mask',
  'add-matcher',
  'add-path',
  'debug',
  'echo',
  'endgroup',
  'error',
  'group',
  'notice',
  'remove-matcher',
  'save-state',
  'set-env',
  'set-output',
  'stop-commands',
  'warning',
]);

/** A command parsed by the runner. */
export interface RunnerCommand {
  readonly name: string;
  readonly data: string;
}

/**
 * Splits a step's log as GitHub's runner does: commands that it executes, and lines that it prints. After
 * ActionCommand.TryParseV2 and TryParse, and ActionCommandManager.TryProcessCommand, of
 * https://github.com/actions/runner/tree/258d6c857db3519913f7deb6004b60172f8043ae/src. It reads lines as .NET's StreamReader
 * does, and compares strings by culture, which skips characters that are not shown.
 */
export function asRunner(log: string): { readonly commands: RunnerCommand[]; readonly lines: string[] } {
  const commands: RunnerCommand[] = [];
  const lines: string[] = [];
  for (const line of log.split(/\r\n|[\r\n\u0085\u2028\u2029]/)) {
    const read = line.replaceAll(/[\p{Cf}\p{Default_Ignorable_Code_Point}]|(?!\t)\p{Cc}/gu, '');
    const command = parseV2(read) ?? parseV1(read);
    if (command !== undefined) commands.push(command);
    else if (line !== '') lines.push(line);
  }
  return { commands, lines };
}

function parseV2(line: string): RunnerCommand | undefined {
  const [, info, data] = /^\s*::(.*?)::(.*)$/.exec(line) ?? [];
  return commandOf(info, data);
}

function parseV1(line: string): RunnerCommand | undefined {
  const [, info, data] = /##\[(.*?)\](.*)$/.exec(line) ?? [];
  return commandOf(info, data);
}

function commandOf(info: string | undefined, data = ''): RunnerCommand | undefined {
  const name = info?.split(' ', 1).join('').toLowerCase();
  return name !== undefined && registered.has(name) ? { name, data } : undefined;
}
