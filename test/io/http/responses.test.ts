import { expect, it } from 'vitest';
import { passing } from '../../../src/io/http/responses.ts';

const now = Date.UTC(2024, 6, 1);
const seconds = (ms: number) => String(ms / 1000);

it.each([408, 425, 429, 500, 502, 503, 504, 520, 529])('%i may pass', (status) => {
  expect(passing({ status, headers: {} }, now)).toEqual({ waitMs: 0, throttles: status === 429 });
});

it.each([200, 204, 301, 400, 401, 403, 404, 407, 409, 410, 422, 501, 505, 511])('%i is final', (status) => {
  expect(passing({ status, headers: { 'retry-after': '5' } }, now)).toBeUndefined();
});

it.each([
  [{ 'retry-after': '600' }, 600_000],
  [{ 'retry-after': '1.5' }, 1_500],
  [{ 'retry-after': new Date(now + 12_000).toUTCString() }, 12_000],
  [{ 'retry-after': new Date(now - 12_000).toUTCString() }, 0],
  [{ 'retry-after': 'soon' }, 0],
  [{ 'retry-after': '-5' }, 0],
  [{ 'ratelimit-reset': '30' }, 30_000],
  [{ 'x-ratelimit-reset': seconds(now + 45_000) }, 45_000],
  [{ 'x-ratelimit-reset': seconds(now - 45_000) }, 0],
  [{ 'retry-after': '7', 'x-ratelimit-reset': '900' }, 7_000],
])('a 429 with %j asks for a wait of %i ms', (headers, waitMs) => {
  expect(passing({ status: 429, headers }, now)?.waitMs).toBe(waitMs);
});

it('when a limit is lifted says nothing of a 503', () => {
  expect(passing({ status: 503, headers: { 'x-ratelimit-reset': '900' } }, now)?.waitMs).toBe(0);
});
