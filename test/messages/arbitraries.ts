import fc from 'fast-check';
import { anyCharacter } from '../support/texts.ts';

/** A JSON value independent of its spelling. Names are unique. */
export type Model =
  | { readonly kind: 'token'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'list'; readonly items: readonly Model[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Model])[] };

/** Picks an integer in `[0, count)`. */
export type Choose = (count: number) => number;

/** Few names, so that pointers match and names repeat. */
export const names = ['', 'a', 'b', 'a/b', '~1', '0', '1', '01', '__proto__', 'constructor', 'é"\\', '\ud800', 'A\n\0'];

const anyText = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 12 }),
  fc.constantFrom('\ud800', 'x\udc00', '\0', ''),
);
const anyNumber = fc.oneof(
  fc.constantFrom('0', '-0', '1', '1.0', '1e400', '-1E-400', '12345678901234567890'),
  fc.stringMatching(/^-?(0|[1-9]\d{0,5})(\.\d{1,3})?([eE][+-]?\d{1,2})?$/),
);

const { anyModel } = fc.letrec<{ anyModel: Model }>((tie) => ({
  anyModel: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('token'), text: fc.oneof(anyNumber, fc.constantFrom('true', 'false', 'null')) }),
    fc.record({ kind: fc.constant('string'), value: anyText }),
    fc.record({ kind: fc.constant('list'), items: fc.array(tie('anyModel'), { maxLength: 4 }) }),
    fc.record({
      kind: fc.constant('object'),
      members: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), tie('anyModel')), {
        maxLength: 5,
        selector: ([name]) => name,
      }),
    }),
  ) as fc.Arbitrary<Model>,
}));

export { anyModel };

/** Chooses spellings, deterministically for a seed. */
function chooser(seed: number): Choose {
  let state = seed >>> 0;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

export const anyChoose = fc.nat({ max: 2 ** 31 - 1 }).map(chooser);

/** A JSON text of the value, with random member order, whitespace and escapes, and occasional earlier duplicates of members. */
export function spell(model: Model, choose: Choose): string {
  const space = () => ['', '', '', ' ', '\n', '\t\r\n '][choose(6)]!;
  const around = (text: string) => space() + text + space();
  const member = ([name, value]: readonly [string, Model]) => {
    const twin = choose(8) === 0 ? `${around(spellString(name, choose))}:[{"a":[null]}],` : '';
    return `${twin}${around(spellString(name, choose))}:${around(spell(value, choose))}`;
  };
  switch (model.kind) {
    case 'token':
      return model.text;
    case 'string':
      return spellString(model.value, choose);
    case 'list':
      return `[${model.items.map((item) => around(spell(item, choose))).join(',') || space()}]`;
    case 'object':
      return `{${shuffled(model.members, choose).map(member).join(',') || space()}}`;
  }
}

function shuffled<T>(items: readonly T[], choose: Choose): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(choose(rest.length), 1)[0]!);
}

const shortEscapes: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function spellString(value: string, choose: Choose): string {
  const spellings = Array.from(value, (char) => {
    const mustEscape = char < ' ' || char === '"' || char === '\\' || !char.isWellFormed();
    const style = choose(4);
    if (!mustEscape && style > 0) return char;
    if (style > 1 && shortEscapes[char] !== undefined) return shortEscapes[char];
    return Array.from({ length: char.length }, (_, at) => hexEscape(char.charCodeAt(at), choose)).join('');
  });
  return `"${spellings.join('')}"`;
}

function hexEscape(unit: number, choose: Choose): string {
  const hex = unit.toString(16).padStart(4, '0');
  return `\\u${choose(2) === 0 ? hex : hex.toUpperCase()}`;
}
