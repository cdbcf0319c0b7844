/**
 * Reads what an action wrote into the file GITHUB_OUTPUT: `name=value` lines, and values of any lines between
 * `name<<delimiter` and `delimiter`, as GitHub documents them for workflow commands.
 * @throws SyntaxError where the text is neither, or a value does not end
 */
export function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line === '') continue;
    const [, name, mark, rest] = /^([^=<]+)(=|<<)(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new SyntaxError(`Line ${at + 1} of the outputs is neither name=value nor name<<end.`);
    if (mark === '=') {
      outputs[name] = rest!;
      continue;
    }
    const end = lines.indexOf(rest!, at + 1);
    if (end === -1) throw new SyntaxError(`The output ${name} does not end with its delimiter.`);
    outputs[name] = lines.slice(at + 1, end).join('\n');
    at = end;
  }
  return outputs;
}
