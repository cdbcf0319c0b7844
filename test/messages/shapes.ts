import { Buffer } from 'node:buffer';
import type { Column, MessageShape } from '../../src/messages/message.ts';
import { type CompiledShape, compileShape } from '../../src/messages/read.ts';
import { plainShape } from '../support/messages.ts';

/** The default shape, with these columns. */
export function shapeWith(columns: readonly Column[] = [], changes: Partial<MessageShape> = {}): CompiledShape {
  return compileShape({ ...plainShape, columns, ...changes });
}

export const shape = shapeWith();
const instant = '2024-02-29T12:00:00Z';
/** µs since 1970 of {@link instant}. */
export const instantMicros = 1_709_208_000_000_000n;

/** A message's JSON text. Arguments are JSON texts of values; undefined omits one. */
export function messageText(alerts?: string, id: string | undefined = '"m1"', timestamp = `"${instant}"`): string {
  const members = { message_id: id, timestamp, alerts };
  const texts = Object.entries(members).flatMap(([name, text]) => (text === undefined ? [] : `"${name}":${text}`));
  return `{${texts.join(',')},"body":"line\\nline"}`;
}

/** A text as UTF-8. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text));
}
