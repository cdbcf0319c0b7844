/**
 * What ends a line somewhere, moves the cursor or the direction of the text, or is shown as nothing: control and format
 * characters, line and paragraph separators, lone surrogates. The runner's own comparisons skip ignorable characters.
 */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
const ignorable = /[\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
/** Sequences that a terminal obeys: colours, cursor, window titles, links. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const escapes = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/**
 * The text as one line that neither GitHub's runner nor a terminal takes for anything but text. The runner obeys a line that
 * starts with `::name::`, and one that contains `##[name]` anywhere. Within a word, as in an ARN, `::` stays:
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Common/ActionCommand.cs
 */
export function safeLine(text: string): string {
  return text
    .replaceAll(escapes, '')
    .replaceAll(unseen, ' ')
    .replaceAll(ignorable, '')
    .replaceAll(/(\[[0-9a-f:.]+\])|(?<!\w):(?=:)/gi, (_, address: string | undefined) => address ?? ': ')
    .replaceAll('##[', '## [');
}
