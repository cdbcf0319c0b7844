import { isNumber, type JsonRange } from './json/tokens.ts';

const jsonNumber = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?$/;
/** UTF-16 units: no status is longer, as is said where closed-statuses is read. */
export const statusCharsMax = 256;
/** Of a JSON string every character may be written with six; the rest is room for blanks around. */
const statusBytesMax = 6 * statusCharsMax + 512;

/** The statuses that close an alert, made ready for many comparisons. */
export class ClosedStatuses {
  private readonly texts: ReadonlySet<string>;
  private readonly numbers: ReadonlySet<string>;

  constructor(statuses: readonly string[]) {
    this.texts = new Set(statuses.map(folded));
    this.numbers = new Set(statuses.map(numberKey).filter((key) => key !== undefined));
  }

  /** Whether a text is one of them: blanks around it, upper or lower case and Unicode's spellings (NFC) aside. */
  hasText(text: string): boolean {
    // Most statuses are spelled as they were given.
    return this.texts.has(text) || this.texts.has(folded(text));
  }

  /** Whether an alert's status is one of them; `text` is its text. Numbers are compared by value: 1.0 is 1. */
  has(status: JsonRange, text: string): boolean {
    if (status.end - status.start > statusBytesMax) return false;
    if (this.hasText(text)) return true;
    if (this.numbers.size === 0 || !isNumber(status)) return false;
    const key = numberKey(text);
    return key !== undefined && this.numbers.has(key);
  }
}

function folded(text: string): string {
  return text.trim().normalize('NFC').toLowerCase();
}

/** Alike for all spellings of one number, whatever its digits are. Undefined where the text is no JSON number. */
function numberKey(text: string): string | undefined {
  const [, sign, whole, fraction = '', exponent = '0'] = jsonNumber.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
