import { randomUUID } from 'node:crypto';
import { afterEach, vi } from 'vitest';
import { stagingConformance } from '../io/conformance/staging.ts';
import { createTable, dynamoUnderTest, useDynamo } from '../support/dynamodb.ts';
import { endpoints } from './endpoints.ts';

const { moto } = endpoints();

afterEach(() => void vi.unstubAllEnvs());

stagingConformance('DynamoStaging on moto', async () => {
  useDynamo(moto);
  const table = `staging-${randomUUID()}`;
  await createTable(table);
  return dynamoUnderTest(table);
});
