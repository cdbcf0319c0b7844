import { stderr, stdout } from 'node:process';
import { styleText } from 'node:util';

/** Starts the line again, and empties it. */
const restart = '\r\u001b[2K';

/** The width of a terminal that does not tell its own. */
const columnsUnknown = 80;

/** Where the demo speaks: lines, and on a terminal below them one line on what goes on now. */
export class Screen {
  #status = '';

  line(text = ''): void {
    if (this.#status !== '') stdout.write(restart);
    stdout.write(`${text}\n`);
    if (this.#status !== '') stdout.write(this.#status);
  }

  lines(texts: readonly string[], indent = ''): void {
    for (const text of texts) this.line(`${indent}${text}`);
  }

  heading(text: string): void {
    this.line();
    this.line(styleText('bold', text, { stream: stdout }));
  }

  /** Something to read over. */
  aside(text: string): void {
    this.line(styleText('dim', text, { stream: stdout }));
  }

  /** Replaces what goes on now; empty: nothing does. Nowhere but on a terminal. */
  status(text: string): void {
    if (!stdout.isTTY) return;
    this.#status =
      text === '' ? '' : styleText('dim', text.slice(0, (stdout.columns || columnsUnknown) - 1), { stream: stdout });
    stdout.write(`${restart}${this.#status}`);
  }

  /** Says why the demo ends. */
  failure(sentence: string, output: string): void {
    this.status('');
    if (output !== '') stderr.write(`\n${output.trimEnd()}\n`);
    stderr.write(`\n${styleText('red', sentence, { stream: stderr })}\n`);
  }
}
