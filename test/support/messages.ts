import type { MessageShape } from '../../src/messages/message.ts';
import type { PageShape } from '../../src/messages/page.ts';

/** The default shape of messages. */
export const plainShape: MessageShape = {
  id: ['message_id'],
  timestamp: ['timestamp'],
  alerts: ['alerts'],
  alertId: ['alert_id'],
  alertStatus: ['status'],
  closedStatuses: ['closed'],
  columns: [],
};

/** The default shape with a column of every type. */
export const columnsShape: MessageShape = {
  ...plainShape,
  columns: [
    { name: 'subject', pointer: ['subject'], type: 'string' },
    { name: 'sequence', pointer: ['sequence'], type: 'int64' },
    { name: 'score', pointer: ['risk', 'score'], type: 'double' },
    { name: 'private', pointer: ['private'], type: 'boolean' },
    { name: 'sent', pointer: ['sent'], type: 'timestamp' },
  ],
};

export const pageShape: PageShape = { messages: ['messages'], total: ['total'], message: [] };

/** Returns the JSON text of a closed message with additional members. */
export function messageText(id: string, timestamp: string, members: Readonly<Record<string, unknown>> = {}): string {
  const alerts = [{ alert_id: `alert of ${id}`, status: 'closed' }];
  return JSON.stringify({ message_id: id, timestamp, alerts, ...members });
}

/** Returns the bytes of a page with these messages. */
export function pageBytes(texts: readonly string[], total: number = texts.length): Uint8Array<SharedArrayBuffer> {
  return sharedBytes(`{"total":${total},"messages":[${texts.join(',')}]}`);
}

/** Copies bytes, or a text as UTF-8, to shared memory. */
export function sharedBytes(content: string | Uint8Array): Uint8Array<SharedArrayBuffer> {
  const bytes = Buffer.from(content);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}
