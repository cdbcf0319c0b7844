import type { ServerResponse } from 'node:http';
import type { Fault } from './faults.ts';
import { bytesPerSecondOf } from './faults.ts';
import type { PageText } from './pages.ts';

const TICKS_PER_SECOND = 20;

/** Responds with a value as JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Responds with a page, complete or as a fault requires. */
export function sendPage(response: ServerResponse, page: PageText, fault: Fault | undefined): void {
  // Half a page, declared as complete, is not valid JSON.
  const length = fault?.kind === 'badJson' ? page.length >>> 1 : page.length;
  const body = page.buffer.subarray(0, length);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': length });
  switch (fault?.kind) {
    case 'cut':
      response.write(body.subarray(0, length >>> 1), () => response.socket?.resetAndDestroy());
      break;
    case 'stall':
      response.flushHeaders();
      break;
    case 'slow':
      sendSlowly(response, body, bytesPerSecondOf(fault));
      break;
    default:
      response.end(body);
  }
}

function sendSlowly(response: ServerResponse, body: Buffer, bytesPerSecond: number): void {
  const step = Math.max(1, Math.ceil(bytesPerSecond / TICKS_PER_SECOND));
  let sent = 0;
  const tick = (): void => {
    const next = body.subarray(sent, sent + step);
    sent += next.length;
    if (sent < body.length) response.write(next);
    else response.end(next);
    if (sent >= body.length) clearInterval(timer);
  };
  const timer = setInterval(tick, 1_000 / TICKS_PER_SECOND);
  response.once('close', () => clearInterval(timer));
}
