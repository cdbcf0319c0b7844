import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { DynamoStaging } from '../../src/io/dynamodb/staging.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { TestClock } from '../support/clock.ts';
import { createTable, dynamoFront, dynamoServer, useDynamo } from '../support/dynamodb.ts';
import { runAll } from '../support/embedded.ts';
import { ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const april: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-01') };
const { newParts, scan } = useEmbedded(Date.parse('2024-09-01'));
const table = 'staging';

let requests: Record<string, number>;

beforeEach(async () => {
  const server = await dynamoServer();
  onTestFinished(() => server.close());
  useDynamo(server.url);
  await createTable(table);
  const front = await dynamoFront(server.url, async ({ action }, pass) => {
    requests[action] = (requests[action] ?? 0) + 1;
    return pass();
  });
  useDynamo(front);
});
afterEach(() => void vi.unstubAllEnvs());

describe('a run over DynamoDB', () => {
  it('reads the whole state for its plan and its report, and writes 100 pending messages at a time', async () => {
    const embedded = await newParts();
    const staging = new DynamoStaging({ table, archive: 'archive', clock: new TestClock(), newId: randomUUID });
    onTestFinished(() => staging.close());
    const truth = new Truth();
    const put = (statuses: readonly string[]) => {
      for (let n = 0; n < 250; n += 1) truth.put({ id: `m${n}`, at: april.start + n * 60_000, statuses });
    };
    const ran = async () => {
      requests = {};
      const { report } = await runAll({ ...embedded.parts, staging }, new ModelSource(truth, scan()), april);
      expect(report.isComplete).toBe(true);
      embedded.clock.now += DAY_MS;
      return requests;
    };
    put(['open']);
    // Two GetItems read the records of the unused sources.
    expect(await ran()).toEqual({ Query: 3, GetItem: 3, TransactWriteItems: 3, PutItem: 1 });
    // A re-check reads what is pending, and again before it merges: other runs may have been faster.
    expect(await ran()).toEqual({ Query: 4, GetItem: 4, TransactWriteItems: 3, PutItem: 1 });
    put(['closed']);
    expect(await ran()).toEqual({ Query: 4, GetItem: 4, TransactWriteItems: 3, PutItem: 1 });
    expect(await ran()).toEqual({ Query: 2, GetItem: 2 });
  });
});
