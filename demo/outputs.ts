/**
 * Parses the file GITHUB_OUTPUT: lines `name=value`, and multiline values between `name<<delimiter` and `delimiter`, as
 * documented by GitHub for workflow commands.
 * @throws SyntaxError if a line is neither, or a delimiter is missing
 */
export function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line === '') continue;
    const [, name, mark, rest] = /^([^=<]+)(=|<<)(.*)$/.exec(line) ?? [];
    if (name === undefined)
      throw new SyntaxError(`Line ${at + 1} of the outputs is neither name=value nor name<<delimiter.`);
    if (mark === '=') {
      outputs[name] = rest!;
      continue;
    }
    const end = lines.indexOf(rest!, at + 1);
    if (end === -1) throw new SyntaxError(`The closing delimiter of the output ${name} is missing.`);
    outputs[name] = lines.slice(at + 1, end).join('\n');
    at = end;
  }
  return outputs;
}
