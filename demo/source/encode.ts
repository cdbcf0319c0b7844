import type { Content, Member, Parts } from './content.ts';
import { isoText } from './instant.ts';
import type { AlertLife, Life } from './life.ts';
import { statusAt } from './life.ts';
import { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** Whitespace between the tokens of a message, and the order of its members. */
interface Layout {
  readonly open: string;
  readonly colon: string;
  readonly comma: string;
  readonly close: string;
  /** Number of positions by which the members are rotated. */
  readonly rotation: number;
}

const SALT = 31;
const COMPACT = { open: '{', colon: ':', comma: ',', close: '}' };
const SPACED = { open: '{', colon: ': ', comma: ', ', close: '}' };
const LINED = { open: '{\n  ', colon: ' : ', comma: ',\n  ', close: '\r\n}' };
const BAD_TIMESTAMPS: readonly string[] = ['"yesterday"', '"2024-13-45T99:00:00Z"', 'null', '""', '{}'];
const NO_ALERTS: readonly string[] = ['"closed"', '"[]"', '1', 'true'];
const UTF8_BYTES_MAX = 3;

/** Returns the exact JSON text of a message as of an instant (ms since 1970) at which it is visible. */
export function encodeMessage(
  { seed, timeline, content }: { seed: number; timeline: Timeline; content: Content },
  index: number,
  life: Life,
  asOf: number,
): Parts {
  const random = new Random(seed, index, SALT);
  const layout = layoutOf(random);
  const members: Member[] = [
    ['timestamp', life.flaw === 'badTimestamp' ? random.pick(BAD_TIMESTAMPS) : `"${timeline.text(index)}"`],
    ...content.membersOf(index, timeline.at(index), life.amended <= asOf),
  ];
  if (life.flaw !== 'noId') members.unshift(['message_id', idText(content.idOf(index), life)]);
  const alerts = life.flaw === 'alertsNotReadable' ? random.pick(NO_ALERTS) : alertsText(life, asOf, layout);
  if (alerts !== undefined) members.push(['alerts', alerts]);
  return laidOut([...members.slice(layout.rotation), ...members.slice(0, layout.rotation)], layout);
}

/** Returns the maximum number of bytes that {@link writeParts} writes. */
export function bytesMaxOf(parts: Parts): number {
  let bytes = 0;
  for (const part of parts) bytes += typeof part === 'string' ? part.length * UTF8_BYTES_MAX : part.length;
  return bytes;
}

/** Writes parts into a sufficiently large buffer and returns the offset of their end. */
export function writeParts(parts: Parts, target: Buffer, offset: number): number {
  let end = offset;
  for (const part of parts) {
    if (typeof part === 'string') {
      end += target.write(part, end);
    } else {
      target.set(part, end);
      end += part.length;
    }
  }
  return end;
}

function layoutOf(random: Random): Layout {
  const draw = random.next();
  const style = draw < 0.88 ? COMPACT : draw < 0.97 ? SPACED : LINED;
  return { ...style, rotation: random.chance(0.1) ? random.between(1, 4) : 0 };
}

/** Joins members to an object. Adjacent strings are concatenated, so that there are few parts to write. */
function laidOut(members: readonly Member[], layout: Layout): Parts {
  const parts: (string | Uint8Array)[] = [];
  let text = layout.open;
  members.forEach(([name, value], position) => {
    text += `${position === 0 ? '' : layout.comma}"${name}"${layout.colon}`;
    for (const part of typeof value === 'string' ? [value] : value) {
      if (typeof part === 'string') {
        text += part;
      } else {
        parts.push(text, part);
        text = '';
      }
    }
  });
  parts.push(text + layout.close);
  return parts;
}

/** A lone surrogate cannot be encoded as UTF-8, but is valid JSON as an escape. */
function idText(id: string, life: Life): string {
  return life.flaw === 'surrogateId' ? `"\\ud83d${JSON.stringify(id).slice(1)}` : JSON.stringify(id);
}

/** Returns the alerts that exist by then; undefined if the message has no such member. */
function alertsText(life: Life, asOf: number, layout: Layout): string | undefined {
  const alerts = life.alerts.flatMap((alert) => alertText(alert, asOf, layout) ?? []);
  if (alerts.length > 0) return `[${alerts.join(layout.comma)}]`;
  if (life.bare === 'absent') return undefined;
  return life.bare === 'null' ? 'null' : '[]';
}

function alertText(alert: AlertLife, asOf: number, { colon, comma }: Layout): string | undefined {
  const last = statusAt(alert, asOf);
  if (!last) return undefined;
  const created = isoText(alert.changes[0]?.at as number);
  const status = last.status === undefined ? '' : `"status"${colon}"${last.status}"${comma}`;
  return (
    `{"alert_id"${colon}"${alert.id}"${comma}${status}"policy"${colon}"${alert.policy}"${comma}` +
    `"created_at"${colon}"${created}"${comma}"updated_at"${colon}"${isoText(last.at)}"}`
  );
}

/** Returns the id in the JSON text; null if there is none. */
export function servedId(id: string, life: Life): string | null {
  if (life.flaw === 'noId') return null;
  return life.flaw === 'surrogateId' ? `\ud83d${id}` : id;
}
