/** Why the demo ends early: one sentence, and what a command had printed before. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
  readonly output: string;

  constructor(sentence: string, output = '') {
    super(sentence);
    this.output = output;
  }
}
