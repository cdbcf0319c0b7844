import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IncompleteResponse } from '../aws/client.ts';

type Plugin = Parameters<DynamoDBClient['middlewareStack']['use']>[0];

interface HttpRequest {
  readonly headers: Readonly<Record<string, string>>;
}

interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  body: NodeJS.ReadableStream | Uint8Array;
}

/** Members that a success must have, by action. The others may be `{}`. */
const members: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => string | undefined>> = {
  DescribeTable: ({ Table }) => (typeof Table === 'object' && Table !== null ? undefined : 'no Table'),
  Query: ({ Items, Count }) => {
    if (!Array.isArray(Items)) return 'no Items';
    return Count === undefined || Count === Items.length ? undefined : `${Items.length} of ${String(Count)} items`;
  },
};

/**
 * Checks successful responses before the SDK parses them. The SDK accepts an empty body as a response without members: a write
 * that never reached DynamoDB would count as done, and a failed query as one that found nothing.
 */
export const wholeResponses: Plugin = {
  applyToStack(stack) {
    stack.add(
      (next) => async (args) => {
        const sent = await next(args);
        const response = sent.response as HttpResponse;
        if (response.statusCode >= 300) return sent;
        const target = (args.request as HttpRequest).headers['x-amz-target'] ?? '';
        const { body } = response;
        const bytes = body instanceof Uint8Array ? body : await buffer(body).catch(asCut(response.statusCode));
        const fault = faultOf(bytes, response.headers['x-amz-crc32'], target.split('.').at(-1)!);
        if (fault !== undefined) throw new IncompleteResponse(fault);
        response.body = bytes;
        return sent;
      },
      { step: 'deserialize', priority: 'low', name: 'wholeResponses' },
    );
  },
};

/** Adds the status code to an error in the body of a response. */
function asCut(httpStatusCode: number) {
  return (error: unknown): never => {
    throw Object.assign(error as Error, { $metadata: { httpStatusCode } });
  };
}

/** Returns what is wrong with a body, in a few words; undefined if it is valid. */
function faultOf(bytes: Uint8Array, checksum: string | undefined, action: string): string | undefined {
  if (bytes.length === 0) return 'no body';
  if (checksum !== undefined && String(crc32(bytes)) !== checksum) return 'a checksum that does not match its header';
  try {
    const body: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'no JSON object';
    return members[action]?.(body as Readonly<Record<string, unknown>>);
  } catch {
    return 'no JSON object';
  }
}
