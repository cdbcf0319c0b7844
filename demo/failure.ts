/** A failure of the demo: one sentence, and the output of the command that failed. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
  readonly output: string;

  constructor(sentence: string, output = '') {
    super(sentence);
    this.output = output;
  }
}
