import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { createEmulator } from 'emulate';
import { onTestFinished } from 'vitest';
import type { GithubSettings } from '../../src/io/github/settings.ts';
import { testServer } from './http-server.ts';

export const githubToken = 'ghs_aTokenThatNobodyMaySee';
/** Token of an account that may open issues only. */
export const outsiderToken = 'ghp_aTokenOfAnOutsider';
const owner = 'acme';
const repository = 'messages';

/** The members of a GitHub issue used here. */
export interface ShownIssue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly state: 'open' | 'closed';
  readonly state_reason: string | null;
  readonly labels: readonly { readonly name: string }[];
  readonly user: { readonly id: number; readonly login: string };
}

/** A fault of one request: `lose` executes it and drops the response. */
export type Fault = 'lose' | ((response: ServerResponse) => unknown);

/** A received request. */
export interface Asked {
  /** `GET /repos/acme/messages/issues?labels=…` */
  readonly line: string;
  readonly authorization: string | undefined;
}

/** A GitHub repository: an emulation of the API behind a server that records requests and can inject faults. */
export interface TestGithub {
  readonly settings: GithubSettings;
  readonly asked: Asked[];
  /** Returns the fault to inject into a request, if any. */
  spoil: (line: string, count: number) => Fault | undefined;
  /** Sends a request to the API directly, without faults, by default with the action's token. */
  api<Answer>(method: string, path: string, body?: unknown, token?: string): Promise<Answer>;
  issues(): Promise<ShownIssue[]>;
  comments(number: number): Promise<string[]>;
}

/** Starts it. It stops after the current test. */
export async function testGithub(): Promise<TestGithub> {
  const emulator = await createEmulator({
    service: 'github',
    port: 0,
    seed: {
      tokens: {
        [githubToken]: { login: owner, scopes: ['repo'] },
        [outsiderToken]: { login: 'outsider', scopes: ['repo'] },
      },
      github: { users: [{ login: owner }, { login: 'outsider' }], repos: [{ owner, name: repository }] },
    },
  });
  onTestFinished(() => emulator.close());
  const origin = emulator.url.replace('localhost', '127.0.0.1');
  const asked: Asked[] = [];
  const server = await testServer(async (response, _, request) => {
    const body = await buffer(request);
    const line = `${request.method} ${request.url}`;
    asked.push({ line, authorization: request.headers.authorization });
    const fault = github.spoil(line, asked.length);
    if (typeof fault === 'function') return void fault(response);
    if (isViewer(line)) return viewer(response, origin, request.headers.authorization);
    const answer = await forward(origin, request, body);
    if (fault === 'lose') return void response.destroy();
    const link = answer.headers.get('link')?.replaceAll(/https?:\/\/[^/]+/g, server.url.origin);
    response
      .writeHead(answer.status, { 'content-type': 'application/json', ...(link && { link }) })
      .end(await answer.text());
  });
  const api = async <Answer>(method: string, path: string, body?: unknown, token = githubToken) => {
    const answer = await fetch(`${origin}/repos/${owner}/${repository}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return (await answer.json()) as Answer;
  };
  const github: TestGithub = {
    settings: { apiUrl: server.url.origin, owner, repository, token: githubToken, label: 'message-archive' },
    asked,
    spoil: () => undefined,
    api,
    issues: () => api<ShownIssue[]>('GET', '/issues?state=all&sort=created&direction=asc&per_page=100'),
    comments: async (number) =>
      (await api<{ body: string }[]>('GET', `/issues/${number}/comments?per_page=100`)).map(({ body }) => body),
  };
  return github;
}

/** The emulation has no GraphQL. The action needs one query only. */
export function isViewer(line: string): boolean {
  return /^POST (\/api)?\/graphql$/.test(line);
}

async function viewer(response: ServerResponse, origin: string, authorization = ''): Promise<void> {
  const user = await fetch(`${origin}/user`, { headers: { authorization } });
  const { id } = (await user.json()) as { id: number };
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ data: { viewer: { databaseId: id } } }));
}

function forward(origin: string, request: IncomingMessage, body: Buffer): Promise<Response> {
  const { authorization = '' } = request.headers;
  const hasBody = request.method !== 'GET';
  return fetch(`${origin}${request.url}`, {
    method: request.method!,
    headers: { authorization, 'content-type': 'application/json' },
    ...(hasBody && { body: new Uint8Array(body) }),
  });
}
