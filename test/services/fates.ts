import type { ServerResponse } from 'node:http';
import type { Fate, Reply } from './relay.ts';

/** As if there were no relay. */
export const answered: Fate = async (forward, response) => send(response, await forward());

/** The connection breaks before the request arrives. */
export const dropped: Fate = async (_, response) => response.socket?.resetAndDestroy();

/** The request arrives, and the connection breaks before its answer. */
export const lost: Fate = async (forward, response) => {
  await forward();
  response.socket?.resetAndDestroy();
};

/** The request arrives, and its answer never comes. */
export const stalled: Fate = (forward) => forward();

/** The request never arrives, and nobody says so. */
export const swallowed: Fate = async () => undefined;

/** The connection breaks in the middle of the answer's body. */
export const cut: Fate = async (forward, response) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers);
  response.write(body.subarray(0, body.length / 2), () => response.socket?.resetAndDestroy());
};

/** Another answer in the place of the service's; the request never arrives. */
export function replied(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Fate {
  return async (_, response) => response.writeHead(status, headers).end(body);
}

/** An error of S3, or of another service of AWS that speaks XML, in the place of an answer; the request never arrives. */
export function refused(status: number, code: string): Fate {
  return replied(status, errorOf(code), { 'content-type': 'application/xml' });
}

/** The request arrives, and an error of S3 takes the place of its answer. */
export function denied(status: number, code: string): Fate {
  return async (forward, response) => {
    await forward();
    await refused(status, code)(forward, response);
  };
}

/** Something else happens first. */
export function preceded(first: () => Promise<unknown>, fate: Fate = answered): Fate {
  return async (forward, response) => {
    await first();
    await fate(forward, response);
  };
}

/** The answer says something else. */
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
