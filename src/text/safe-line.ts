/** Control characters, and line and paragraph separators: they end a line or move the cursor. */
const breaks = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** Invisible characters: they change the direction of text or hide a command, since the runner's comparisons skip them. */
const ignorable = /[\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
/** Terminal escape sequences: colors, cursor, window titles, links. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this removes them
const escapes = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/**
 * Returns the text as one line that neither GitHub's runner nor a terminal interprets. The runner interprets lines that
 * start with `::name::` or contain `##[name]`. `::` within a word, as in an ARN, is kept:
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Common/ActionCommand.cs
 */
export function safeLine(text: string): string {
  return text
    .replaceAll(escapes, '')
    .replaceAll(breaks, ' ')
    .replaceAll(ignorable, '')
    .replaceAll(/(\[[0-9a-f:.]+\])|(?<!\w):(?=:)/gi, (_, address: string | undefined) => address ?? ': ')
    .replaceAll('##[', '## [');
}
