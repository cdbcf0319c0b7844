import type { ServerResponse } from 'node:http';
import type { Fate, Reply } from './relay.ts';

/** Forwards the request and its response. */
export const answered: Fate = async (forward, response) => send(response, await forward());

/** Breaks the connection before the request arrives. */
export const dropped: Fate = async (_, response) => response.socket?.resetAndDestroy();

/** Breaks the connection after the request, before its response. */
export const lost: Fate = async (forward, response) => {
  await forward();
  response.socket?.resetAndDestroy();
};

/** Forwards the request and never responds. */
export const stalled: Fate = (forward) => forward();

/** Drops the request, and never responds. */
export const swallowed: Fate = async () => undefined;

/** Breaks the connection in the middle of the response's body. */
export const cut: Fate = async (forward, response) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers);
  response.write(body.subarray(0, body.length / 2), () => response.socket?.resetAndDestroy());
};

/** Sends another response instead of the service's; the request never arrives. */
export function replied(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Fate {
  return async (_, response) => response.writeHead(status, headers).end(body);
}

/** Sends an error of S3, or of another AWS service with XML; the request never arrives. */
export function refused(status: number, code: string): Fate {
  return replied(status, errorOf(code), { 'content-type': 'application/xml' });
}

/** Forwards the request, and sends an error of S3 instead of its response. */
export function denied(status: number, code: string): Fate {
  return async (forward, response) => {
    await forward();
    await refused(status, code)(forward, response);
  };
}

/** Does something else first. */
export function preceded(first: () => Promise<unknown>, fate: Fate = answered): Fate {
  return async (forward, response) => {
    await first();
    await fate(forward, response);
  };
}

/** Edits the body of the response. */
export function edited(edit: (text: string) => string): Fate {
  return async (forward, response) => {
    const { status, headers, body } = await forward();
    const { 'transfer-encoding': _, 'content-length': _length, ...others } = headers;
    send(response, { status, headers: others, body: Buffer.from(edit(body.toString())) });
  };
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, headers).end(body);
}

function errorOf(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message></Message></Error>`;
}
