import { onTestFinished } from 'vitest';
import { type Source as Server, startSource } from '../../demo/source/server.ts';
import { inputDefaults } from '../../src/inputs/defaults.ts';
import { type ApiSettings, type Authentication, padOf } from '../../src/io/api/settings.ts';
import { ApiSource } from '../../src/io/api/source.ts';
import { compileHeaders, compileQuery, type RequestTemplate } from '../../src/io/api/template.ts';
import { BufferPool } from '../../src/memory/buffer-pool.ts';
import { DAY_MS, instant } from '../../src/windows/interval.ts';
import { pageScanner } from '../../src/worker/pages.ts';
import { Threads } from '../../src/worker/threads.ts';
import { TestClock } from './clock.ts';
import { plainShape } from './messages.ts';

/** Not on the boundary of a day, hour or second. */
export const now = Date.UTC(2024, 5, 20, 23, 37, 11, 123);
export const token = 'a-token-that-nobody-may-see';

const threads = new Threads(1);
const scan = pageScanner(threads, plainShape, false);

/** Stops the scanner threads. */
export function endThreads(): Promise<void> {
  return threads.close();
}

/** Starts a message API with 300 messages of similar size in the 60 days before {@link now}. */
export function startServer(options: Parameters<typeof startSource>[0] = {}): Promise<Server> {
  const range = { from: instant(now - 60 * DAY_MS), to: instant(now) };
  const small = { messages: 300, messageBytes: [500, 600], textBytesMax: 0 } as const;
  return startSource({ token, ...range, ...small, now: () => now, ...options });
}

/** A GET with this query. */
export function requestOf(query: string): RequestTemplate {
  return { method: 'GET', query: compileQuery(query), body: undefined };
}

/** A bearer token in the usual header. */
export function bearer(token: string): Authentication {
  return { headers: compileHeaders(inputDefaults['api-headers']), token };
}

/** Returns a source for it: pages of 10 messages, 4 at a time, with a stopped clock. It is closed after the current test. */
export function apiSource(
  url: string,
  settings: Partial<ApiSettings> = {},
  clock = new TestClock(),
  memory = new BufferPool(0),
): ApiSource {
  const defaults: ApiSettings = {
    url,
    request: requestOf(`${inputDefaults['api-query']}&key=hush`),
    authentication: bearer(token),
    paging: { kind: 'page', first: 1 },
    pageSize: 10,
    concurrency: 4,
    timeFormat: 'iso',
    maxMs: 60 * DAY_MS,
    maxResults: undefined,
    messages: ['messages'],
    message: [],
    total: { pointer: ['total'] },
    pad: padOf(settings.timeFormat ?? 'iso', 31, 60),
  };
  const source = new ApiSource({ ...defaults, ...settings }, scan, memory, clock, () => undefined);
  onTestFinished(() => source.close());
  return source;
}
