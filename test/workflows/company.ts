import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { createTable } from '../services/cloud.ts';
import { endpoints } from '../services/endpoints.ts';
import { startServer, type TestServer } from '../support/http-server.ts';
import type { Event, Outcome } from './act.ts';
import { actionRepository, actionTag } from './repository.ts';
import type { Sandbox } from './sandbox.ts';
import { type Source, token } from './source.ts';

export const examples = join(import.meta.dirname, '..', '..', 'examples', 'workflows');

/** Range to read instead of the seven years of an example. */
export const spring = { from: '2024-02-01', to: '2024-05-01' };

/** A user of the examples, with a value for everything that they invent. */
export class Company {
  readonly bucket = `b-${randomUUID()}`;
  readonly table = `t-${randomUUID()}`;
  readonly #sandbox: Sandbox;
  readonly #source: Source;
  readonly #chat: TestServer;
  readonly #issuer: TestServer;
  readonly #s3: S3Client[];

  private constructor(sandbox: Sandbox, source: Source, chat: TestServer, issuer: TestServer) {
    const { moto, s3 } = endpoints();
    const client = (endpoint: string) =>
      new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: s3 });
    this.#sandbox = sandbox;
    this.#source = source;
    this.#chat = chat;
    this.#issuer = issuer;
    this.#s3 = [client(moto), client(s3.endpoint)];
  }

  static async found(sandbox: Sandbox, source: Source): Promise<Company> {
    const chat = await startServer((response, _, request) =>
      response.end(chatPage(new URL(request.url!, 'http://chat'))),
    );
    const issuer = await startServer((response) => response.end(JSON.stringify({ value: 'a.b.c' })));
    const company = new Company(sandbox, source, chat, issuer);
    for (const s3 of company.#s3) await s3.send(new CreateBucketCommand({ Bucket: company.bucket }));
    const { moto, s3: credentials } = endpoints();
    const dynamo = new DynamoDBClient({ endpoint: moto, region: 'eu-central-1', credentials });
    await createTable(dynamo, company.table);
    dynamo.destroy();
    return company;
  }

  /** Runs an example by hand, filled in; `values` replace further texts of it. */
  async run(
    file: string,
    inputs: Event['inputs'] = {},
    values: Readonly<Record<string, string>> = {},
  ): Promise<Outcome> {
    const { moto, s3 } = endpoints();
    const name = `user/${randomUUID()}`;
    const example = this.#filledIn(readFileSync(join(examples, file), 'utf8'));
    const text = Object.entries(values).reduce((done, [madeUp, value]) => done.replaceAll(madeUp, value), example);
    await this.#sandbox.add(name, file, text);
    return this.#sandbox.run({
      name: 'workflow_dispatch',
      in: name,
      workflow: file,
      inputs,
      secrets: {
        SURVEILLANCE_TOKEN: token,
        MAIL_TOKEN: token,
        CHAT_TOKEN: token,
        STORE_KEY_ID: s3.accessKeyId,
        STORE_KEY: s3.secretAccessKey,
      },
      env: {
        AWS_ENDPOINT_URL: moto,
        ACTIONS_ID_TOKEN_REQUEST_URL: `${this.#issuer.url.href}?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-bearer',
      },
    });
  }

  /** Values of this company. The API holds the history here, also if Elasticsearch does in the example. */
  #filledIn(example: string): string {
    // act does not know the repository of a called workflow, and has one kind of runner.
    const origin = [`action-repository: ${actionRepository}`, 'action-ref: v1'];
    const range = example.includes(' from: ') ? [] : [`from: '${spring.from}'`, `to: '${spring.to}'`];
    const more = (indent: string, lines: readonly string[]) => lines.map((line) => `${indent}${line}\n`).join('');
    return example
      .replaceAll(/^ +(# Without these two .*|elasticsearch-[a-z-]+: .*|action-(repository|ref): .*)\n/gm, '')
      .replaceAll(/^ {4}with:\n/gm, (line) => line + more('      ', [...origin, ...range]))
      .replaceAll(/^ +command: run\n/gm, (line) => line + more('          ', range))
      .replaceAll(/(OWNER|platform)\/message-archive/g, actionRepository)
      .replaceAll(/@[0-9a-f]{40} # v\d+\.\d+\.\d+/g, `@${actionTag}`)
      .replaceAll(/runs-on: .*/g, 'runs-on: ubuntu-latest')
      .replaceAll(/https:\/\/chat-surveillance\S+/g, this.#chat.url.href)
      .replaceAll(/https:\/\/(mail-)?surveillance\.example\S+/g, this.#source.url)
      .replaceAll('https://s3.storage.example.com', endpoints().s3.endpoint)
      .replaceAll('/srv/message-archive/', `${this.#sandbox.folder}/`)
      .replaceAll('dynamodb:message-archive', `dynamodb:${this.table}`)
      .replaceAll('company-archive', this.bucket);
  }

  /** Paths of the objects in a bucket, at Amazon or in the other store. */
  async slots(store: 'amazon' | 'other' = 'amazon'): Promise<string[]> {
    const s3 = this.#s3[store === 'amazon' ? 0 : 1]!;
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: this.bucket }));
    return Contents.map(({ Key }) => Key!.split('/messages-')[0]!).filter((path) => path.includes('='));
  }

  async close(): Promise<void> {
    for (const s3 of this.#s3) s3.destroy();
    await Promise.all([this.#chat.close(), this.#issuer.close()]);
  }
}

/** A post, as in the chat example. */
const post = { id: 'post', sent_at: '2024-03-05T10:00:00Z', alerts: [{ alert_id: 'a', status: 'dismissed' }] };

function chatPage({ searchParams }: URL): string {
  const within =
    post.sent_at >= searchParams.get('start_time')! && post.sent_at <= `${searchParams.get('end_time')}T24`;
  return JSON.stringify({
    posts: within && searchParams.get('page_number') === '1' ? [post] : [],
    count: within ? 1 : 0,
  });
}
