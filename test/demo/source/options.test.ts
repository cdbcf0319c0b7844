import { expect, test } from 'vitest';
import type { SourceOptions } from '../../../demo/source/options.ts';
import { OptionError, readOptions } from '../../../demo/source/options.ts';
import { startSource } from '../../../demo/source/server.ts';

test('every option has a default', () => {
  expect(readOptions({})).toMatchObject({ seed: 1, token: 'demo-token', port: 0, maxDays: 60, endInclusive: true });
});

test.each<[SourceOptions, string]>([
  [{ seed: -1 }, 'seed'],
  [{ seed: 1.5 }, 'seed'],
  [{ from: 'then' }, 'from'],
  [{ to: '2024-02-30' }, 'to'],
  [{ from: '2024-01-01', to: '2024-01-01' }, 'from'],
  [{ messages: Number.NaN }, 'messages'],
  [{ port: 65_536 }, 'port'],
  [{ token: 'two words' }, 'token'],
  [{ pageSizeMax: 0 }, 'page-size-max'],
  [{ maxDays: 0 }, 'max-days'],
  [{ dayOffsetMinutes: 1_440 }, 'day-offset-minutes'],
  [{ oddities: -1 }, 'oddities'],
  [{ messageBytes: [2_000, 1_000] }, 'message-bytes'],
  [{ textBytesMax: -1 }, 'text-bytes-max'],
])('refuses %j, naming %s', (options, name) => {
  expect(() => readOptions(options)).toThrow(OptionError);
  expect(() => readOptions(options)).toThrow(new RegExp(`^The options? --.*${name}.*\\.$`));
});

test('rejects more messages than fit into the range', async () => {
  const options = { from: '2024-01-01', to: '2024-01-01T00:00:01Z', messages: 501 };
  await expect(startSource(options)).rejects.toThrow(/^The options --from, --to and --messages/);
});
