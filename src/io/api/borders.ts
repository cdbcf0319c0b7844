/** The maximum size of a page that is requested only to check the border between two others. */
const sizeMax = 12;

/** A page that contains the last message of one page and the first message of the next. */
export interface Border {
  readonly size: number;
  /** The number of the page, starting at 1. */
  readonly number: number;
  /** The index, within this page, of the last message before the border. */
  readonly at: number;
}

/**
 * Returns the smallest page across the border after `position` messages; undefined if none is smaller than the pages
 * themselves. Pages of a size begin at its multiples, so the size must not divide the position.
 * @param pageLength messages on each page
 */
export function borderAt(position: number, pageLength: number): Border | undefined {
  for (let size = 2; size <= sizeMax && size < pageLength; size += 1) {
    if (position % size === 0) continue;
    return { size, number: Math.floor(position / size) + 1, at: (position % size) - 1 };
  }
  return undefined;
}
