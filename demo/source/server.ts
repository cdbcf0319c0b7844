import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FaultRule } from './faults.ts';
import { parseInstant } from './instant.ts';
import type { Range } from './messages.ts';
import type { SourceOptions } from './options.ts';
import type { RequestCounters } from './requests.ts';
import { Service } from './service.ts';
import type { History, Truth } from './truth.ts';
import { history, truth } from './truth.ts';

/** A running message source. Instants are ISO strings or ms since 1970. */
export interface Source extends AsyncDisposable {
  /** URL of the pages. */
  readonly url: string;
  readonly origin: string;
  readonly token: string;
  /** Replaces the pending faults. */
  faults(rules: readonly FaultRule[]): void;
  requests(): RequestCounters;
  resetRequests(): void;
  /** See {@link truth}. */
  truth(asOf: string | number, range?: { from: string | number; to: string | number }): Generator<Truth>;
  /** See {@link history}. */
  history(
    instants: readonly (string | number)[],
    range?: { from: string | number; to: string | number },
  ): Generator<History>;
  /** Stops it and closes every connection. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const KEEP_ALIVE_MS = 120_000;

/**
 * Starts a source on the loopback interface. It serves `GET /messages`, the message API, and, for tests, `GET /truth`,
 * `POST /faults`, `GET /requests` and `DELETE /requests`. Every request needs the bearer token.
 * @throws OptionError for an invalid option; FaultError for an invalid fault
 */
export async function startSource(options: SourceOptions & { faults?: readonly FaultRule[] } = {}): Promise<Source> {
  const service = new Service(options);
  const server = createServer((request, response) => void service.handle(request, response));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  try {
    await new Promise<void>((listening, failed) => {
      server.once('error', failed).listen(service.settings.port, HOST, listening);
    });
  } catch (error) {
    service.messages.close();
    throw error;
  }
  const origin = `http://${HOST}:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    service.messages.close();
  };
  return {
    url: `${origin}/messages`,
    origin,
    token: service.settings.token,
    faults: (rules) => service.faults.replace(rules),
    requests: () => service.requests.counters(),
    resetRequests: () => service.requests.reset(),
    truth: (asOf, range) => truth(service.messages, msOf(asOf), range && rangeOf(range)),
    history: (instants, range) => history(service.messages, instants.map(msOf), range && rangeOf(range)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function msOf(instant: string | number): number {
  const ms = typeof instant === 'number' ? instant : parseInstant(instant);
  if (ms === undefined) throw new RangeError(`${JSON.stringify(instant)} is not an ISO date or instant.`);
  return ms;
}

function rangeOf({ from, to }: { from: string | number; to: string | number }): Range {
  return { start: msOf(from), end: msOf(to) };
}
