import type { MessageShape } from '../messages/message.ts';
import { type Extras, PageError, type PageShape, type ScannedMessage } from '../messages/page.ts';
import type { Threads } from './threads.ts';

/** A page and what was found in it. */
export interface Page {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** What the page says the whole range holds, where it says so. */
  readonly total?: number;
  /** The JSON texts that the page's shape asks for beside its messages. */
  readonly extras?: Extras;
  readonly messages: readonly ScannedMessage[];
  /** SHA-256 of each message's bytes: 32 bytes a message, in the messages' order. */
  readonly shas: Uint8Array;
}

/** A task's answer: what it found in the page, or why it is none. */
export type PageScan = Omit<Page, 'bytes'> | { readonly reason: string };

/** Scans page bytes, which nobody may change meanwhile. Throws {@link PageError}. */
export type Scan = (bytes: Uint8Array<SharedArrayBuffer>, shape: PageShape) => Promise<Page>;

/** @param asOneLine whether line breaks between a message's tokens become spaces, as JSON Lines needs it */
export function pageScanner(threads: Threads, message: MessageShape, asOneLine: boolean): Scan {
  return async (bytes, shape) => {
    const scan = await threads.run<PageScan>('scan', [bytes, shape, message, asOneLine]);
    if ('reason' in scan) throw new PageError(scan.reason);
    return { bytes, ...scan };
  };
}
