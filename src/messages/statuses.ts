import { isNumber, type JsonRange } from './json/tokens.ts';

const jsonNumber = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?$/;
/** UTF-16 units. The input closed-statuses has the same limit. */
export const statusCharsMax = 256;
/** A JSON string may spell each character with six; the rest leaves room for surrounding whitespace. */
const statusBytesMax = 6 * statusCharsMax + 512;

/** The statuses that close an alert, normalized for fast comparison. */
export class ClosedStatuses {
  readonly #texts: ReadonlySet<string>;
  readonly #numbers: ReadonlySet<string>;

  constructor(statuses: readonly string[]) {
    this.#texts = new Set(statuses.map(folded));
    this.#numbers = new Set(statuses.map(numberKey).filter((key) => key !== undefined));
  }

  /** Compares ignoring surrounding whitespace, case and Unicode normalization (NFC). */
  hasText(text: string): boolean {
    // Most statuses match without folding.
    return this.#texts.has(text) || this.#texts.has(folded(text));
  }

  /** Compares an alert's status by its text or, for numbers, by value: 1.0 equals 1. */
  has(status: JsonRange, text: string): boolean {
    if (status.end - status.start > statusBytesMax) return false;
    if (this.hasText(text)) return true;
    if (this.#numbers.size === 0 || !isNumber(status)) return false;
    const key = numberKey(text);
    return key !== undefined && this.#numbers.has(key);
  }
}

function folded(text: string): string {
  return text.trim().normalize('NFC').toLowerCase();
}

/** A key that is equal for all spellings of the same number. Undefined if the text is not a JSON number. */
function numberKey(text: string): string | undefined {
  const [, sign, whole, fraction = '', exponent = '0'] = jsonNumber.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
