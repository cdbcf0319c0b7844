import prettyBytes from 'pretty-bytes';
import prettyMs from 'pretty-ms';

const namesMax = 10;
const nameCharactersMax = 80;

/** `1,234`, for integers. Without `toLocaleString`, whose first call takes a tenth of a short run. */
export function number(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 message`, `1,234 messages`. */
export function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `1.2 GB`, in powers of 1000. */
export function bytes(count: number): string {
  return prettyBytes(count);
}

/** `3 min 20 s`. */
export function duration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const text = prettyMs(Math.round(ms / 1000) * 1000, { unitCount: 2 });
  return text.replaceAll(
    /(\d+)([a-z]+)/g,
    (_, count: string, unit: string) => `${count} ${unit === 'm' ? 'min' : unit}`,
  );
}

/** `a.parquet`, or `a.parquet and 2 other objects`. */
export function firstOf(things: readonly string[], noun: string): string {
  const [first = ''] = things;
  return things.length < 2 ? first : `${first} and ${counted(things.length - 1, `other ${noun}`)}`;
}

/** `75 MB/s`. */
export function rate(count: number, ms: number): string {
  return `${bytes(Math.round((count / Math.max(1, ms)) * 1000))}/s`;
}

/** Quotes the first `max` ids on one line, escaped and truncated, followed by the number of others. */
export function names(ids: readonly string[], max: number = namesMax): string {
  const shown = ids
    .slice(0, max)
    .map((id) => JSON.stringify(id.length > nameCharactersMax ? `${id.slice(0, nameCharactersMax)}…` : id));
  const more = ids.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${number(more)} more` : ''}`;
}
