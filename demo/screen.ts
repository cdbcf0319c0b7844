import { stderr, stdout } from 'node:process';
import { styleText } from 'node:util';

/** Moves to the start of the line and erases it. */
const restart = '\r\u001b[2K';

/** Width of a terminal that does not report one. */
const columnsUnknown = 80;

/** The demo's output: lines and, on a terminal, a status line below them. */
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

  /** Prints a secondary line. */
  aside(text: string): void {
    this.line(styleText('dim', text, { stream: stdout }));
  }

  /** Replaces the status line; empty removes it. Does nothing if the output is not a terminal. */
  status(text: string): void {
    if (!stdout.isTTY) return;
    this.#status =
      text === '' ? '' : styleText('dim', text.slice(0, (stdout.columns || columnsUnknown) - 1), { stream: stdout });
    stdout.write(`${restart}${this.#status}`);
  }

  /** Prints an error and the output that belongs to it. */
  failure(sentence: string, output: string): void {
    this.status('');
    if (output !== '') stderr.write(`\n${output.trimEnd()}\n`);
    stderr.write(`\n${styleText('red', sentence, { stream: stderr })}\n`);
  }
}
