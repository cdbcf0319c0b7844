import { UserError } from '../errors.ts';
import { type Defaulted, type InputName, inputDefaults, variableOf, variablePrefix } from './defaults.ts';
import { secretInputs } from './secrets.ts';

/** A shorter secret, such as the user name `me`, is not masked: no sentence would stay readable. */
const secretCharsMin = 4;
/** Of a value that is shown; the rest is cut. */
const shownCharsMax = 120;
/** An unknown name is taken for a misspelt one up to so many characters that are added, removed or replaced. */
const misspellingCharsMax = 3;

/** What an input may hold. */
export interface Form<Value> {
  /** What to write, as a clause that ends a sentence. */
  readonly accepted: string;
  /**
   * The value, from a text that is not empty; undefined where it is not accepted.
   * @throws Refusal where there is more to say than what is accepted
   */
  read(text: string): Value | undefined;
}

/** A form's own reason not to accept a text. */
export class Refusal extends Error {
  /** What is shown of the text, where that is not all of it. */
  readonly shown: string | undefined;

  /** @param accepted what to write instead, as a clause that ends a sentence */
  constructor(accepted: string, shown?: string) {
    super(accepted);
    this.shown = shown;
  }
}

/** The inputs as they were given: texts, trimmed, an empty one absent. What is thrown never holds a token or a key. */
export class Given {
  readonly #environment: Readonly<Record<string, string | undefined>>;

  /**
   * @param environment the inputs among its variables: GitHub gives `api-url` as `INPUT_API-URL`
   * @throws UserError where one is named as an input and is none
   */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#environment = environment;
    const known = new Set(Object.keys(inputDefaults).map(variableOf));
    const isStray = (name: string) =>
      name.startsWith(variablePrefix) && environment[name] !== undefined && !known.has(name);
    const stray = Object.keys(environment).find(isStray);
    if (stray !== undefined) throw new UserError(this.#safe(unknown(stray)));
  }

  /** The input's text, else its default; empty where there is neither. */
  text(name: InputName): string {
    return this.#environment[variableOf(name)]?.trim() || inputDefaults[name];
  }

  /** Whether the input was given as an empty text, which says something of one that has a default. */
  isEmptied(name: InputName): boolean {
    return this.#environment[variableOf(name)]?.trim() === '';
  }

  /** The input's value; undefined where it is absent and has no default. */
  read<Name extends InputName, Value>(name: Name, form: Form<Value>): Defaulted<Name, Value> {
    const text = this.text(name);
    return (text === '' ? undefined : this.#accept(name, text, form)) as Defaulted<Name, Value>;
  }

  /** The value of an input that must be given. */
  required<Value>(name: InputName, form: Form<Value>): Value {
    const text = this.text(name);
    if (text === '') throw new UserError(`The input \`${name}\` is missing: ${form.accepted}.`);
    return this.#accept(name, text, form);
  }

  /**
   * The error that refuses an input.
   * @param why what is wrong or accepted, as a clause that ends a sentence
   * @param shown of its text, where that is not all of it
   */
  refuse(name: InputName, why: string, shown = this.text(name)): UserError {
    const text = this.text(name);
    const verb = shown !== text && text.includes(shown) ? 'holds' : 'is';
    const safe = this.#safe(shown);
    const cut = safe.length > shownCharsMax ? `${safe.slice(0, shownCharsMax)}…` : safe;
    return new UserError(`The input \`${name}\` ${verb} ${JSON.stringify(cut)}: ${this.#safe(why)}.`);
  }

  #accept<Value>(name: InputName, text: string, form: Form<Value>): Value {
    try {
      const value = form.read(text);
      if (value !== undefined) return value;
    } catch (error) {
      if (error instanceof Refusal) throw this.refuse(name, error.message, error.shown);
      if (error instanceof UserError) throw new UserError(this.#safe(error.message));
      throw error;
    }
    throw this.refuse(name, form.accepted);
  }

  /** On one line, and without the secrets, which people paste into the wrong input. */
  #safe(text: string): string {
    const secrets = secretInputs.map((name) => this.text(name)).filter((secret) => secret.length >= secretCharsMin);
    const spellings = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
    const hidden = spellings.reduce((rest, spelling) => rest.replaceAll(spelling, '***'), text);
    return hidden.replaceAll(/\s+/g, ' ');
  }
}

/** The sentence on a variable that is named as an input and is none. */
function unknown(variable: string): string {
  const name = variable.slice(variablePrefix.length).toLowerCase();
  const names = Object.keys(inputDefaults);
  const nearest = names.toSorted((a, b) => distance(name, a) - distance(name, b))[0]!;
  const isMisspelt = distance(name, nearest) <= Math.min(misspellingCharsMax, nearest.length / 2);
  const accepted = isMisspelt
    ? `the nearest is \`${nearest}\` (${variableOf(nearest)})`
    : `there are ${names.map((each) => `\`${each}\``).join(', ')}`;
  return `The input \`${name}\` (${variable}) is not known: ${accepted}.`;
}

/** How many characters must be added, removed or replaced to make one text of the other (Levenshtein). */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, char] of [...a].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= b.length; column++) {
      const replaced = row[column - 1]! + (b[column - 1] === char ? 0 : 1);
      next.push(Math.min(replaced, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
