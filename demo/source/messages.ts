import type { Content, Parts } from './content.ts';
import { encodeMessage, servedId } from './encode.ts';
import { Generated } from './generated.ts';
import type { Life, Rates, Visibility } from './life.ts';
import { lifeOf, visibilityOf } from './life.ts';
import { Mail } from './mail.ts';
import type { Settings } from './options.ts';
import { DEFAULT_MESSAGES, OptionError } from './options.ts';
import { Texts } from './text.ts';
import { Timeline } from './timeline.ts';

/** A half-open interval `[start, end)` in ms since 1970; the bounds may be infinite. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export const ALWAYS: Range = { start: -Infinity, end: Infinity };

/** All messages there ever are, by index in chronological order. None is stored: each is generated on demand. */
export class Messages {
  readonly timeline: Timeline;
  readonly #seed: number;
  readonly #rates: Rates;
  readonly #content: Content;

  /** @throws OptionError if the settings contradict each other, or the email cannot be read */
  constructor(settings: Settings) {
    this.#seed = settings.seed;
    this.#rates = settings;
    this.#content = contentOf(settings);
    const count = settings.messages ?? this.#content.countMax ?? DEFAULT_MESSAGES;
    try {
      this.timeline = timelineOf(settings, count, this.#content.countMax ?? count);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Yields the messages of a range, visible or not, by timestamp, then id. */
  *inOrder({ start, end }: Range): Generator<number> {
    const { timeline } = this;
    const last = timeline.firstFrom(end);
    for (let index = timeline.firstFrom(start); index < last; index++) {
      // Indices ascend with time, and no three messages share a timestamp.
      const isTie = index + 1 < last && timeline.at(index) === timeline.at(index + 1);
      if (!isTie || this.#content.idOf(index) < this.#content.idOf(index + 1)) {
        yield index;
      } else {
        yield index + 1;
        yield index;
        index++;
      }
    }
  }

  /** Returns the id in the message's JSON text; null if there is none. */
  servedId(index: number): string | null {
    return servedId(this.#content.idOf(index), this.life(index));
  }

  visibility(index: number): Visibility {
    return visibilityOf(this.#seed, index, this.timeline.at(index), this.#rates);
  }

  life(index: number): Life {
    return lifeOf(this.#seed, index, this.timeline.at(index), this.#rates);
  }

  /** Returns the exact JSON text of a message as of an instant (ms since 1970) at which it is visible. */
  text(index: number, asOf: number): Parts {
    const { timeline } = this;
    return encodeMessage({ seed: this.#seed, timeline, content: this.#content }, index, this.life(index), asOf);
  }

  close(): void {
    this.#content.close();
  }
}

function contentOf(settings: Settings): Content {
  if (settings.mail !== undefined) return Mail.open(settings.mail, settings.seed);
  const texts = new Texts(settings.seed, settings.textBytesMax);
  if (settings.warm) texts.makeAll();
  return new Generated(settings.seed, texts, settings.messageBytes);
}

function timelineOf({ seed, from, to, oddities }: Settings, count: number, countMax: number): Timeline {
  if (count > countMax) {
    throw new OptionError(`The option --messages is ${count}, but there are only ${countMax} emails.`);
  }
  try {
    return new Timeline(seed, from, to, count, oddities);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new OptionError(`The options --from, --to and --messages contradict each other: ${error.message}`);
  }
}
