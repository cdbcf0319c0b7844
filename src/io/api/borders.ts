/** Messages of a page that is asked for only to see a border of two others. */
const sizeMax = 12;

/** A page that holds the last message of one page and the first message of the next one. */
export interface Border {
  readonly size: number;
  /** Of the page, from 1 on. */
  readonly number: number;
  /** In the page: where the last message of the page before the border is expected. */
  readonly at: number;
}

/**
 * The smallest page over the border that comes after `position` messages; undefined where none that is smaller than the
 * pages themselves lies over it. Pages of a size begin at multiples of it, so that it must not divide the position.
 * @param pageLength what the server gives
 */
export function borderAt(position: number, pageLength: number): Border | undefined {
  for (let size = 2; size <= sizeMax && size < pageLength; size += 1) {
    if (position % size === 0) continue;
    return { size, number: Math.floor(position / size) + 1, at: (position % size) - 1 };
  }
  return undefined;
}
