import { shaBytes } from '../../archive/rows.ts';
import type { Page, ScannedMessage } from '../../messages/page.ts';

/** The page with only the messages that `isKept` accepts. */
export function only(page: Page, isKept: (message: ScannedMessage) => boolean): Page {
  const kept = page.messages.map((message, n) => ({ message, n })).filter(({ message }) => isKept(message));
  const shas = Buffer.concat(kept.map(({ n }) => page.shas.subarray(n * shaBytes, (n + 1) * shaBytes)));
  return { ...page, messages: kept.map(({ message }) => message), shas };
}
