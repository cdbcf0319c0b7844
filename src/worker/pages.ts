import type { MessageShape } from '../messages/message.ts';
import { type Page, PageError, type Scan } from '../messages/page.ts';
import { maskedParts } from '../text/secrets.ts';
import type { Threads } from './threads.ts';

/** The result of the task `scan`: the messages of the page, or the reason why it is not one. */
export type PageScan = Omit<Page, 'bytes'> | { readonly reason: string; readonly isCut: boolean };

/** @param asOneLine replaces line breaks between a message's tokens by spaces, as JSON Lines requires */
export function pageScanner(threads: Threads, message: MessageShape, asOneLine: boolean): Scan {
  return async (bytes, shape) => {
    const scan = await threads.run<PageScan>('scan', [bytes, shape, message, asOneLine]);
    if ('reason' in scan) throw new PageError(maskedParts(scan.reason), scan.isCut);
    return { bytes, ...scan };
  };
}
