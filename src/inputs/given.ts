import { UserError } from '../errors.ts';
import { type Defaulted, type InputName, inputDefaults, variableOf, variablePrefix } from './defaults.ts';
import { secretInputs } from './secrets.ts';

/** A shorter secret, such as the user name `me`, is not masked: no sentence would stay readable. */
const secretCharsMin = 4;
/** The maximum length of a value in an error. */
const shownCharsMax = 120;
/** The maximum edit distance of a misspelled name. */
const typosMax = 3;

/** Parses the text of an input. */
export interface Parser<Value> {
  /** The accepted values, as an imperative clause: `use a whole number from 1 to 10000`. */
  readonly accepted: string;
  /**
   * The value of a text that is not empty; undefined if the text is not accepted.
   * @throws Refusal for a more specific clause than {@link accepted}
   */
  read(text: string): Value | undefined;
}

/** A parser's own reason to refuse a text. */
export class Refusal extends Error {
  /** The part of the text to show; undefined for all of it. */
  readonly shown: string | undefined;

  /** @param accepted the clause on what to use instead */
  constructor(accepted: string, shown?: string) {
    super(accepted);
    this.shown = shown;
  }
}

/** The texts of the inputs, trimmed; an empty one counts as absent. Errors never contain a token or key. */
export class Given {
  readonly #environment: Readonly<Record<string, string | undefined>>;

  /**
   * @param environment the process's variables, in which GitHub passes `api-url` as `INPUT_API-URL`
   * @throws UserError if a variable names an unknown input
   */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#environment = environment;
    const known = new Set(Object.keys(inputDefaults).map(variableOf));
    const isStray = (name: string) =>
      name.startsWith(variablePrefix) && environment[name] !== undefined && !known.has(name);
    const stray = Object.keys(environment).find(isStray);
    if (stray !== undefined) throw new UserError('input-invalid', this.#safe(unknown(stray)));
  }

  /** The input's text, or its default; empty if there is neither. */
  text(name: InputName): string {
    return this.#environment[variableOf(name)]?.trim() || inputDefaults[name];
  }

  /** True if the input has another value than its default, which GitHub passes for an absent input. */
  isSet(name: InputName): boolean {
    return this.text(name) !== inputDefaults[name];
  }

  /** True if the input was set to an empty string. */
  isEmptied(name: InputName): boolean {
    return this.#environment[variableOf(name)]?.trim() === '';
  }

  /** The input's value; undefined if it is absent and has no default. */
  read<Name extends InputName, Value>(name: Name, parser: Parser<Value>): Defaulted<Name, Value> {
    const text = this.text(name);
    return (text === '' ? undefined : this.#parse(name, text, parser)) as Defaulted<Name, Value>;
  }

  /** The value of a required input. */
  required<Value>(name: InputName, parser: Parser<Value>): Value {
    const text = this.text(name);
    if (text === '') throw new UserError('input-invalid', `The input \`${name}\` is missing: ${parser.accepted}.`);
    return this.#parse(name, text, parser);
  }

  /**
   * The error for an input that is not accepted: `The input \`api-page-size\` is "0": use a whole number from 1 to 10000.`
   * @param why a clause on what is wrong, or on what to use instead
   * @param shown the part of the input's text to show
   */
  refuse(name: InputName, why: string, shown = this.text(name)): UserError {
    const text = this.text(name);
    const verb = shown !== text && text.includes(shown) ? 'contains' : 'is';
    const safe = this.#safe(shown);
    const cut = safe.length > shownCharsMax ? `${safe.slice(0, shownCharsMax)}…` : safe;
    return new UserError('input-invalid', `The input \`${name}\` ${verb} ${JSON.stringify(cut)}: ${this.#safe(why)}.`);
  }

  #parse<Value>(name: InputName, text: string, parser: Parser<Value>): Value {
    try {
      const value = parser.read(text);
      if (value !== undefined) return value;
    } catch (error) {
      if (error instanceof Refusal) throw this.refuse(name, error.message, error.shown);
      if (error instanceof UserError) throw new UserError('input-invalid', this.#safe(error.message));
      throw error;
    }
    throw this.refuse(name, parser.accepted);
  }

  /** The text on one line, without secrets, which people paste into the wrong input. */
  #safe(text: string): string {
    const secrets = secretInputs.map((name) => this.text(name)).filter((secret) => secret.length >= secretCharsMin);
    const spellings = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
    const hidden = spellings.reduce((rest, spelling) => rest.replaceAll(spelling, '***'), text);
    return hidden.replaceAll(/\s+/g, ' ');
  }
}

/** The sentence on a variable that names an unknown input. */
function unknown(variable: string): string {
  const name = variable.slice(variablePrefix.length).toLowerCase();
  const names = Object.keys(inputDefaults);
  const nearest = names.toSorted((a, b) => distance(name, a) - distance(name, b))[0]!;
  const isTypo = distance(name, nearest) <= Math.min(typosMax, nearest.length / 2);
  const accepted = isTypo
    ? `did you mean \`${nearest}\` (${variableOf(nearest)})?`
    : `the inputs are ${names.map((each) => `\`${each}\``).join(', ')}.`;
  return `The input \`${name}\` (${variable}) does not exist: ${accepted}`;
}

/** The edit distance of two texts (Levenshtein). */
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
