import type { Buffers } from './buffers.ts';
import { bytesMaxOf, writeParts } from './encode.ts';
import type { Faults } from './faults.ts';
import type { Listing } from './listing.ts';
import type { Messages } from './messages.ts';
import { ALWAYS } from './messages.ts';
import type { PageQuery } from './query.ts';

/** The content of a page. */
export interface Page {
  /** Undefined if the response has none. */
  readonly total: number | undefined;
  readonly indices: readonly number[];
}

/** JSON text of a page: the first `length` bytes of a buffer. */
export interface PageText {
  readonly buffer: Buffer;
  readonly length: number;
}

/** Chooses the messages of a page, subject to the faults that affect its request. */
export function choosePage(listing: Listing, faults: Faults, query: PageQuery, parameters: URLSearchParams): Page {
  const { range, asOf, pageNumber } = query;
  const listed = listing.visible(faults.shape('ignoreRange', parameters) ? ALWAYS : range, asOf);
  // As if the first messages arrived during the read, which shifts all others.
  const visible = listed.subarray(faults.shape('drift', parameters)?.left ?? 0);
  const pageSize = Math.min(query.pageSize, faults.shape('pageCap', parameters)?.pageCap ?? Infinity);
  const first = (pageNumber - 1) * pageSize;
  const indices = [...visible.subarray(first, first + pageSize)];
  if (indices.length > 0 && first > 0 && faults.shape('repeat', parameters))
    indices.unshift(visible[first - 1] as number);
  if (indices.length > 0 && faults.shape('dropOne', parameters)) indices.splice(indices.length >>> 1, 1);
  return { total: faults.shape('noTotal', parameters) ? undefined : visible.length, indices };
}

/** Writes a page as JSON into a pooled buffer, which the caller must return. */
export function writePage(messages: Messages, buffers: Buffers, { total, indices }: Page, asOf: number): PageText {
  const head = total === undefined ? '{"messages":[' : `{"total":${total},"messages":[`;
  const parts: (string | Uint8Array)[] = [head];
  for (const index of indices) {
    if (parts.length > 1) parts.push(',');
    for (const part of messages.text(index, asOf)) parts.push(part);
  }
  parts.push(']}');
  const buffer = buffers.take(bytesMaxOf(parts));
  return { buffer, length: writeParts(parts, buffer, 0) };
}
