import { availableParallelism } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedColumns } from '../../src/archive/schema.ts';
import { UserError } from '../../src/errors.ts';
import { Given } from '../../src/inputs/given.ts';
import { type Command, type Inputs, inputDefaults, readInputs } from '../../src/inputs/index.ts';
import { readRange } from '../../src/inputs/range.ts';
import { compileQuery } from '../../src/io/api/template.ts';
import { anyCharacter } from '../support/texts.ts';

type Texts = Readonly<Record<string, string | undefined>>;

const token = 'gp_4Tz!q9$v"K\\w7';
const now = Date.UTC(2025, 0, 15, 12, 30);
const good: Texts = {
  archive: 'file:archive',
  staging: 'sqlite:staging.db',
  'api-url': 'https://api.example.com/v1/messages',
  'api-token': token,
};
const legJson = {
  name: '2024-05-17..2024-07-16',
  windows: ['2024-05-17..2024-07-16'],
  from: '2024-05-01T00:00:00.000Z',
  to: '2024-08-01T00:00:00.000Z',
  refresh: false,
  planned_at: '2025-01-15T12:00:00.000Z',
  reread: {},
};

function environmentOf(texts: Texts): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text]));
}

function read(texts: Texts = {}): Inputs {
  return readInputs({ PATH: '/bin', GITHUB_RUN_ID: '1', ...environmentOf({ ...good, ...texts }) }, now);
}

/** The message of the error of code `input-invalid` that a function throws. */
function refusalOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) {
      expect(error.code).toBe('input-invalid');
      return error.message;
    }
    throw error;
  }
  throw new Error('It was accepted.');
}

function expectOneSentence(message: string): void {
  expect(message).toMatch(/^The input `[^`]+` [^\r\n]+[.?]$/);
  expect(message).not.toContain(token);
  expect(message).not.toContain(JSON.stringify(token).slice(1, -1));
  expect(message.length).toBeLessThan(1_500);
}

// A value of each clause on what is accepted.
const aMoment = '2024-06-01T12:00:00Z';
const aPointer = 'JSON pointer';
const aFolder = '`s3://bucket/messages`';
const aFile = '`dynamodb:message-archive`';
const anAddress = '`https://api.example.com/v1/messages`';
const pairs = '`name=value`';
const aDuration = 'from 1s to 120h';
const aStatus = '`closed, resolved`';
const aColumn = '`name: /json/pointer type` for each column, where';
const oneColumn = 'with nothing after the type';
const aColumnName = 'a column name of at most 63 characters';
const aToken = 'printable ASCII';
const windowElsewhere = 'a window of the plan';
const trueOrFalse = '`true` or `false`';

const anElasticsearch = { 'elasticsearch-url': 'https://search.example.com:9200', 'elasticsearch-index': 'messages' };
const anOpenSearch = { 'opensearch-url': 'https://search.example.com', 'opensearch-index': 'messages' };

/** The input, its text, parts of the error's message separated by `": `, and the other inputs. */
const refused: [name: string, text: string | undefined, said: string, others?: Texts][] = [
  ['command', 'backup', '"backup": one of `run`, `plan`, `export`, `report`, `verify`'],
  ['command', 'Plan', '"Plan": one of'],
  ['command', 'toString', '"toString": one of'],
  ['from', 'yesterday', `"yesterday": ${aMoment}`],
  ['from', '01/06/2024', `"01/06/2024": ${aMoment}`],
  ['from', '2024-13-01', `"2024-13-01": ${aMoment}`],
  ['from', '2024-02-30', `"2024-02-30": ${aMoment}`],
  ['from', '2024-6-1', `"2024-6-1": ${aMoment}`],
  ['from', '20240601', `"20240601": ${aMoment}`],
  ['from', '1717200000', `"1717200000": ${aMoment}`],
  ['from', '2024-06-01T25:00:00Z', `"2024-06-01T25:00:00Z": ${aMoment}`],
  ['from', '2024-06-01T12:00:00+25:00', `"2024-06-01T12:00:00+25:00": ${aMoment}`],
  ['from', '1969-12-31', '"1969-12-31"'],
  ['from', '1969-12-31', 'in the years 1970 to 9999'],
  ['from', '1970-01-01T00:00:00+00:01', 'in the years 1970 to 9999'],
  ['from', '1969-12-31T23:59:59.999999Z', 'in the years 1970 to 9999'],
  ['from', '2025-01-16', '"2025-01-16": an instant before 2025-01-15T12:30'],
  ['from', '2025-01-15T12:30:00Z', 'in the past'],
  ['from', '2024-01-01', 'an instant before 2023-06-01T00:00:00.000Z', { 'as-of': '2023-06-01' }],
  ['from', '2024-07-01', '"2024-07-01": an instant before `to`, which is 2024-06-01T', { to: '2024-06-01' }],
  ['from', '2024-06-01', 'before `to`, which is 2024-06-01T00:00:00.000Z', { to: '2024-06-01T02:00:00+02:00' }],
  ['from', undefined, '"1970-01-01T00:00:00.000Z": an instant before `to`', { to: '1970-01-01' }],
  ['to', 'tomorrow', `"tomorrow": ${aMoment}`],
  ['to', '+010000-01-01T00:00:00Z', `"+010000-01-01T00:00:00Z": ${aMoment}`],
  ['to', '0000-01-01', `"0000-01-01": ${aMoment}`],
  ['to', '2024-06-01..2024-07-01', aMoment],
  ['as-of', 'now', `"now": ${aMoment}`],
  ['as-of', '2024-06-31T00:00:00Z', aMoment],
  ['refresh', 'yes', `"yes": ${trueOrFalse}`],
  ['accept-fewer', '1', `"1": ${trueOrFalse}`],
  ['dry-run', 'tRUE', `"tRUE": ${trueOrFalse}`],
  ['dry-run', 'true', '"true": it prints a plan, which `verify`', { command: 'verify' }],
  ['dry-run', 'true', '`report`', { command: 'report', plan: '{}' }],
  ['window', undefined, "is missing: use an element of the plan's matrix", { command: 'export' }],
  ['window', '2024-05-17..2024-07-16', 'the command `export` only, so remove it for `run`'],
  ['window', '{}', 'the command `export` only, so remove it for `report`', { command: 'report', plan: '{}' }],
  ['window', '2024-05-18..2024-07-17', '2024-05-18..2024-07-17', { command: 'export' }],
  ['window', '2024-05-17..2024-07-16', '30-day', { command: 'export', 'window-days': '30' }],
  ['window', 'june', '"june"', { command: 'export' }],
  ['window', ',', '`window`', { command: 'export' }],
  ['window', '{"name":', 'JSON', { command: 'export' }],
  ['window', JSON.stringify({ ...legJson, refresh: 'no' }), '`refresh`', { command: 'export' }],
  ['window', JSON.stringify({ ...legJson, 'two\nlines': 1 }), 'two lines', { command: 'export' }],
  ['window', '2025-01-12..2025-03-13', windowElsewhere, { command: 'export', to: '2025-01-11' }],
  ['window', '2025-03-13..2025-05-12', windowElsewhere, { command: 'export' }],
  [
    'window',
    JSON.stringify({ ...legJson, windows: ['2025-03-13..2025-05-12'] }),
    windowElsewhere,
    { command: 'export' },
  ],
  ['window', token, '"***"', { command: 'export' }],
  ['plan', '{"slots":[]}', 'the command `report` only, so remove it for `plan`', { command: 'plan' }],
  ['window-days', '0', '"0": a whole number from 1 to 366'],
  ['window-days', '367', '"367": a whole number from 1 to 366'],
  ['window-days', '60.0', '"60.0": a whole number'],
  ['window-days', '6e1', '"6e1": a whole number'],
  ['window-days', '0x3c', '"0x3c": a whole number'],
  ['window-days', '٦٠', 'a whole number'],
  ['recent-days', '-1', '"-1": a whole number from 0 to 3650'],
  ['recent-days', '3651', 'a whole number from 0 to 3650'],
  ['scrub-windows', 'all', '"all": a whole number from 0 to 1000'],
  ['scrub-windows', '1001', 'a whole number from 0 to 1000'],
  ['manifest', 'ids.txt', 'the command `verify` only'],
  ['manifest-column', 'id', 'it requires `manifest`'],
  ['overlap-days', '367', 'a whole number from 0 to 366'],
  ['overlap-days', '7', 'it compares the API with Elasticsearch'],
  ['archive', undefined, `is missing: use \`s3://\``],
  ['archive', '', `is missing: use \`s3://\``],
  ['archive', 's3://B/prefix', aFolder],
  ['archive', 's3://bucket//prefix', 'a prefix of letters, digits'],
  ['archive', 's3://bucket/a/../b', 'none of which is `.` or `..`'],
  ['archive', 's3://bucket/./a', 'none of which is `.` or `..`'],
  ['archive', 'S3:bucket', aFolder],
  ['archive', 'archive', `"archive": ${aFolder}`],
  ['archive', '/data/archive', `"/data/archive": ${aFolder}`],
  ['archive', 'file:', `"file:": ${aFolder}`],
  ['archive', 'file: ', `"file:": ${aFolder}`],
  ['archive', 'file://archive', `"file://archive": ${aFolder}`],
  ['archive', 'sqlite:archive', aFolder],
  ['archive', 'file:a\nfile:b', '"file:a file:b": without line breaks'],
  ['archive', 's3://bucket/a\ns3://bucket/b', aFolder],
  ['archive', 'file:~/archive', '"file:~/archive": `~`'],
  ['staging', 'sqlite:a.sqlite\r\nsqlite:b.sqlite', 'without line breaks'],
  ['staging', 'sqlite:a\u0007b', 'control characters'],
  ['staging', 'sqlite: ~/staging.db', '`~`'],
  ['staging', undefined, `is missing: use \`dynamodb:\``],
  ['staging', 'dynamodb:', 'a table after `dynamodb:`'],
  ['staging', 'dynamodb:a table', 'a table after `dynamodb:`'],
  ['elasticsearch-url', 'search.example.com', 'Elasticsearch'],
  ['elasticsearch-url', 'https://elastic:changeme@search.example.com', '"https://search.example.com": a user name'],
  ['elasticsearch-url', 'https://search.example.com/?pretty', '"?"'],
  ['elasticsearch-index', 'messages', '`elasticsearch-url`'],
  ['elasticsearch-query', '[]', 'JSON object'],
  ['elasticsearch-query', '{"term"', 'JSON object'],
  ['elasticsearch-username', 'reader', '`elasticsearch-password`, which is missing', anElasticsearch],
  ['elasticsearch-password', token, '"***": `elasticsearch-username`, which is missing', anElasticsearch],
  ['elasticsearch-api-key', 'a2V5', '"***": `elasticsearch-url`, which is missing'],
  ['elasticsearch-username', 'a:b', 'without a colon', { ...anElasticsearch, 'elasticsearch-password': token }],
  [
    'elasticsearch-username',
    'reader',
    '`elasticsearch-api-key`',
    { ...anElasticsearch, 'elasticsearch-password': token, 'elasticsearch-api-key': token },
  ],
  ['opensearch-url', 'search.example.com', 'OpenSearch'],
  [
    'opensearch-url',
    'https://search.example.com',
    '`elasticsearch-url` is given too',
    { ...anElasticsearch, 'opensearch-index': 'messages' },
  ],
  ['opensearch-index', undefined, 'is missing', { 'opensearch-url': 'https://search.example.com' }],
  ['opensearch-index', 'messages', '`opensearch-url`, which is missing'],
  ['opensearch-query', '{}', '`opensearch-url`, which is missing'],
  ['opensearch-service', 'aoss', '`opensearch-url`, which is missing'],
  ['opensearch-auth', 'iam', 'one of `aws`, `basic`, `none`', anOpenSearch],
  ['opensearch-auth', 'basic', '`opensearch-username` and `opensearch-password`', anOpenSearch],
  ['opensearch-service', 's3', 'one of `es`, `aoss`', anOpenSearch],
  ['opensearch-service', 'aoss', '`opensearch-auth: aws`', { ...anOpenSearch, 'opensearch-auth': 'none' }],
  [
    'opensearch-service',
    'es',
    'a serverless collection, so use `aoss`',
    { 'opensearch-url': 'https://x1.eu-central-1.aoss.amazonaws.com', 'opensearch-index': 'messages' },
  ],
  ['opensearch-username', 'reader', '`opensearch-auth: basic`', { ...anOpenSearch, 'opensearch-password': token }],
  ['role-to-assume', 'message-archive', 'the ARN of a role'],
  ['role-to-assume', 'arn:aws:iam::123456789012:role/message-archive', 'neither archive, staging nor source is on AWS'],
  ['aws-region', 'Frankfurt', 'the name of a region'],
  ['aws-region', 'eu-central-1', 'neither archive, staging nor source is on AWS'],
  ['sse-kms-key-id', 'a key', 'the id, ARN or alias of a KMS key'],
  ['sse-kms-key-id', 'alias/messages', 'an archive on S3'],
  ['object-lock-mode', 'governance', 'one of `GOVERNANCE`, `COMPLIANCE`'],
  ['object-lock-mode', 'GOVERNANCE', '`object-lock-days`'],
  ['object-lock-days', '30', '`object-lock-mode`'],
  ['object-lock-days', '0', 'a whole number from 1 to 36500'],
  ['staging', 'staging.db', `"staging.db": ${aFile}`],
  ['staging', 'sqlite:', `"sqlite:": ${aFile}`],
  ['staging', 'sqlite::memory:', aFile],
  ['staging', 'sqlite:file:staging.db?mode=memory', aFile],
  ['staging', 'sqlite://staging.db', aFile],
  ['format', 'csv', '"csv": one of `parquet`, `jsonl`'],
  ['format', 'Parquet', 'one of `parquet`, `jsonl`'],
  ['partition-by', 'year', '"year": one of `month`, `day`'],
  ['columns', 'subject', `"subject": ${aColumn}`],
  ['columns', 'subject /subject string', aColumn],
  ['columns', 'subject: /subject', `"subject: /subject": ${aColumn}`],
  ['columns', 'subject: subject string', `"subject: subject string": ${aPointer}`],
  ['columns', 'subject: /a~b string', aPointer],
  ['columns', 'subject: "" string', aPointer],
  ['columns', 'subject: /subject text', 'one of the types string, int64, double, boolean, timestamp'],
  ['columns', 'subject: /subject string # why', `"subject: /subject string # why": ${oneColumn}`],
  ['columns', 'subject: /subject string # a, a string', oneColumn],
  ['columns', 'subject: /subject string, risk: /risk_score double', oneColumn],
  ['columns', 'subject: /subject string risk:/risk_score double', oneColumn],
  ['columns', 'subject: /subject, risk: /risk_score double', oneColumn],
  ['columns', 'subject: /subject string', '`format: jsonl` stores whole messages', { format: 'jsonl' }],
  ['columns', 'Subject: /subject string', aColumnName],
  ['columns', '1st: /subject string', aColumnName],
  ['columns', ': /subject string', aColumnName],
  ['columns', 'sub-ject: /subject string', aColumnName],
  ['columns', `${'s'.repeat(64)}: /subject string`, '63 characters'],
  ['columns', 'payload: /payload string', 'a column `payload`'],
  ['columns', 'month: /month int64', 'the archive already has a column `month`'],
  ['columns', 'day: /day string', 'the archive already has a column `day`'],
  ['columns', 'a: /a string\nb: /b string\na: /c int64', 'contains "a": two columns have this name'],
  ['columns', 'a: /a string\nb: b string', 'contains "b: b string": '],
  ['columns', manyColumns(101), '"101 columns": at most 100'],
  ['closed-statuses', ',', `",": ${aStatus}`],
  ['closed-statuses', ' , ,', aStatus],
  ['closed-statuses', 'closed,\nresolved', '"closed,": commas or by line breaks'],
  ['closed-statuses', `a, ${'b'.repeat(257)}`, 'at most 256 characters'],
  ['message-id', 'message_id', `"message_id": ${aPointer}`],
  ['message-id', '""', aPointer],
  ['message-timestamp', '$.timestamp', `"$.timestamp": ${aPointer}`],
  ['message-alerts', '/alerts~', `"/alerts~": ${aPointer}`],
  ['alert-id', 'alert_id', `"alert_id": ${aPointer}`],
  ['alert-status', '#/status', `"#/status": ${aPointer}`],
  ['message-time-format', 'dd/MM/YYYY', '`YYYY` is neither a named format nor a pattern letter'],
  ['message-time-format', 'HH:mm', '`HH:mm` has no year'],
  ['message-time-zone', 'Berlin', '"Berlin": the name of a time zone'],
  ['api-url', undefined, 'is missing'],
  ['api-url', undefined, 'is missing', { command: 'plan' }],
  ['api-url', undefined, 'is missing', { command: 'export', window: '2024-05-17..2024-07-16' }],
  ['api-url', 'api.example.com/messages', `"api.example.com/messages": ${anAddress}`],
  ['api-url', 'localhost:8080/messages', `"localhost:8080/messages": ${anAddress}`],
  ['api-url', 'ftp://api.example.com', anAddress],
  ['api-url', 'https:api.example.com', anAddress],
  ['api-url', 'https://', anAddress],
  ['api-url', 'https:///messages', anAddress],
  ['api-url', 'https://api.example.com:99999/', anAddress],
  ['api-url', 'https://api.exa mple.com/', anAddress],
  ['api-url', 'https://api.example.com/#top', '"https://api.example.com/#…": "#"'],
  ['api-url', 'https://anna:pass@api.example.com/', '"https://api.example.com/": leave out the user name'],
  ['api-url', 'https://anna@api.example.com/', '"https://api.example.com/": leave out the user name'],
  ['api-url', 'https://api.example.com/?page_size=9', '"https://api.example.com/?…": `page_size`'],
  ['api-url', 'https://api.example.com/?start%5Ftime=1', '`start_time`'],
  ['api-url', 'https://api.example.com/{page}', '"{page}"'],
  ['api-url', `http:${token}`, `"http:***": ${anAddress}`],
  ['api-token', undefined, 'is missing'],
  ['api-token', undefined, 'is missing', { command: 'verify' }],
  ['api-token', `Bearer ${token}`, '"***": the token alone'],
  ['api-token', `${token}\nX-Admin: 1`, `"***": ${aToken}`],
  ['api-token', 'tøken', 'character 2'],
  ['api-token', 'to ken', 'character 3', { 'api-url': undefined, command: 'verify' }],
  ['api-page-size', '0', '"0": a whole number from 1 to 10000'],
  ['api-page-size', '10001', 'a whole number from 1 to 10000'],
  ['api-concurrency', '65', '"65": a whole number from 1 to 64'],
  ['api-max-days', '0', '"0": '],
  ['api-max-days', '0h', '"0h": '],
  ['api-max-days', '1.5', '"1.5": '],
  ['api-max-days', '2', '"2": '],
  ['api-messages', 'messages', `"messages": ${aPointer}`],
  ['api-messages', "''", '`""`'],
  ['api-total', '""', aPointer],
  ['api-total', 'total', `"total": ${aPointer}`],
  ['api-time-format', 'ISO', '"ISO": one of `date`, `iso`, `iso-s`, `iso-offset`, `epoch-s`, `epoch-ms`'],
  ['api-query', 'status', `"status": ${pairs}`],
  ['api-query', '?status=all', `"?status=": ${pairs}`.replace('"?', 'contains "?')],
  ['api-query', 'status=all&', pairs],
  ['api-query', '=all', pairs],
  ['api-query', 'key=s3cr3t%zz', `contains "key=": ${pairs}`],
  ['concurrency', '0', '"0": a whole number from 1 to 64'],
  ['concurrency', 'auto', '"auto": a whole number from 1 to 64'],
  ['time-budget', '5', `"5": ${aDuration}`],
  ['time-budget', '5 h', aDuration],
  ['time-budget', '30m5h', aDuration],
  ['time-budget', '-1h', aDuration],
  ['time-budget', '1.5h', aDuration],
  ['time-budget', '0s', `"0s": ${aDuration}`],
  ['time-budget', '120h1s', `"120h1s": ${aDuration}`],
  ['time-budget', '1d', aDuration],
  ['api_url', 'https://api.example.com', '(INPUT_API_URL) does not exist: did you mean `api-url` (INPUT_API-URL)'],
  ['form', '2024-06-01', 'did you mean `from`'],
  ['colunms', '', 'did you mean `columns`'],
  ['message-alert', '/alerts', 'did you mean `message-alerts`'],
  ['solr-url', token, 'does not exist: the inputs are `command`, `from`, `to`, '],
  ['role-to-assume', 'arn:aws:iam::1:role/a', 'the ARN of a role'],
  ['github-token', 'two words', '"***": printable ASCII'],
  ['github-token', 'tokén', '"***": printable ASCII'],
  ['issue-label', 'archive, incomplete', '"archive, incomplete": a label of at most 50 characters'],
  ['issue-label', 'x'.repeat(51), 'at most 50 characters'],
  ['issue-label', 'a\u0007b', 'a label of'],
  ['github-tokens', token, 'does not exist: did you mean `github-token`'],
  ['role-to-assume', 'arn:aws:iam::123456789012:user/archive', 'the ARN of a role'],
  ['role-to-assume', 'arn:aws:iam::123456789012:role/', 'the ARN of a role'],
  ['role-to-assume', 'arn:aws:sts::123456789012:assumed-role/archive/x', 'the ARN of a role'],
  ['x', '1', 'does not exist: the inputs are'],
];

function manyColumns(count: number): string {
  return Array.from({ length: count }, (_, n) => `c${n}: /c/${n} double`).join('\n');
}

describe('an input that is not accepted', () => {
  it.each(refused)('%s: %j: %s', (name, text, said, others = {}) => {
    const message = refusalOf(() => read({ ...others, [name]: text }));
    expect(message).toContain(`The input \`${name}\` `);
    for (const part of said.split(/(?<="): /)) expect(message).toContain(part);
    expectOneSentence(message);
  });

  it('is a column that the archive already has', () => {
    expect(fixedColumns.length).toBeGreaterThan(0);
    for (const name of fixedColumns) {
      const message = refusalOf(() => read({ columns: `${name}: /a string` }));
      expect(message).toContain(`the archive already has a column \`${name}\``);
    }
  });

  it('is recognized in lower case', () => {
    const message = refusalOf(() => readInputs({ ...environmentOf(good), 'INPUT_dry-run': 'true' }, now));
    expect(message).toBe('The input `dry-run` (INPUT_dry-run) does not exist: did you mean `dry-run` (INPUT_DRY-RUN)?');
  });

  it('is shown without the password of a URL, whatever else is wrong', () => {
    const addresses = [
      'https://anna:pa55word@api.example.com/',
      'https://anna:pa55/word?#@api.example.com/',
      'https://anna:pa55@word@api.example.com/',
      'htps://anna:pa55word@api.example.com/',
      'https:/anna:pa55word@api.example.com/',
      'anna:pa55word@api.example.com',
      'https://anna:pa55word@api.example.com/ and more',
      'https://anna:pa55word@api.example.com/?page_size=1',
      'https://api.example.com/?page_size=1&password=pa55word',
      'https://api.example.com/#pa55word',
    ];
    for (const url of addresses) {
      const message = refusalOf(() => read({ 'api-url': url }));
      expect(message).not.toMatch(/pa55|word@/);
      expect(message).not.toContain('anna');
      expect(message).toContain('api.example.com');
      expectOneSentence(message);
    }
  });

  it('is truncated after its secrets are masked', () => {
    const message = refusalOf(() => read({ command: `${'x'.repeat(110)}${token}${'y'.repeat(5000)}` }));
    expect(message).toContain(`${'x'.repeat(110)}***yyyyyyy…"`);
    expect(message).not.toContain('gp_4');
  });

  it('is reported in one sentence that never shows the token', () => {
    const name = fc.constantFrom(...Object.keys(inputDefaults));
    const piece = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.constantFrom(token, '\n', 'file:', '/', '{', ': ', '&', '@'),
    );
    const text = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
    const others = fc.record({ command: fc.constantFrom('run', 'export', 'report', 'verify') }, { requiredKeys: [] });
    fc.assert(
      fc.property(name, text, others, (broken, value, rest) => {
        fc.pre(broken !== 'api-token');
        try {
          read({ ...rest, [broken]: value });
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
          expectOneSentence((error as UserError).message);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('absent inputs', () => {
  it('have their defaults', () => {
    expect(read()).toEqual({
      command: 'run',
      range: { start: Date.UTC(2018, 0, 15), end: now },
      refresh: false,
      acceptFewer: false,
      dryRun: false,
      asOf: undefined,
      assignment: undefined,
      plan: undefined,
      manifest: undefined,
      recentDays: 60,
      scrubWindows: 1,
      overlapDays: 0,
      archive: { kind: 'file', folder: 'archive' },
      staging: { kind: 'sqlite', path: 'staging.db' },
      settings: {
        layout: { windowDays: 60, partitionBy: 'month' },
        format: 'parquet',
        shape: {
          id: ['message_id'],
          timestamp: ['timestamp'],
          alerts: ['alerts'],
          alertId: ['alert_id'],
          alertStatus: ['status'],
          closedStatuses: ['closed'],
          timeZone: 'UTC',
          columns: [],
        },
      },
      api: {
        url: 'https://api.example.com/v1/messages',
        request: {
          method: 'GET',
          query: compileQuery('start_time={start}&end_time={end}&status=all&page_size={size}&page_number={page}'),
          body: undefined,
        },
        authentication: {
          headers: [{ name: 'Authorization', value: ['Bearer ', { name: 'token', isNumber: false }] }],
          token,
          username: undefined,
          password: undefined,
          oauth: undefined,
        },
        paging: { kind: 'page', first: 1 },
        pageSize: 500,
        concurrency: 5,
        timeFormat: 'date',
        maxMs: 60 * 86_400_000,
        maxResults: undefined,
        messages: ['messages'],
        message: [],
        total: { pointer: ['total'] },
        pad: { start: 86_400_000, end: 86_400_000 },
        tls: undefined,
      },
      elasticsearch: undefined,
      opensearch: undefined,
      aws: { roleToAssume: undefined, region: undefined, sseKmsKeyId: undefined, objectLock: undefined },
      concurrency: Math.min(availableParallelism(), 64),
      github: undefined,
      timeBudgetMs: 19_800_000,
    } satisfies Inputs);
  });

  it('equal empty inputs, blank inputs and inputs with their defaults', () => {
    const others = Object.keys(inputDefaults).filter((name) => !(name in good));
    for (const blank of ['', ' ', '\n\t']) {
      expect(read(Object.fromEntries(others.map((name) => [name, blank])))).toEqual(read());
    }
    expect(read({ ...inputDefaults, ...good })).toEqual(read());
  });

  it.each<[Command, Texts]>([
    ['verify', {}],
    ['report', { plan: '{"slots":[]}' }],
  ])('may include those of the API for %s', (command, texts) => {
    expect(read({ command, ...texts, 'api-url': undefined, 'api-token': undefined }).api).toBeUndefined();
    expect(read({ command, ...texts, 'api-url': undefined }).api).toBeUndefined();
    expect(read({ command, ...texts }).api).toEqual(read().api);
  });
});

it('refuses a proxy variable that is not a URL, without showing its value', () => {
  const refused = ['proxy.example.com:3128', 'socks5://user:secret@proxy.example.com', 'http://', 'nonsense'];
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
    for (const proxy of refused) {
      const message = refusalOf(() => readInputs({ ...environmentOf(good), [name]: proxy }, now));
      expect(message).toContain(`The variable ${name} `);
      expect(message).not.toMatch(/secret|nonsense/);
    }
    const accepted = ['http://user:secret@proxy.example.com:3128', 'https://proxy.example.com', '', undefined];
    for (const proxy of accepted) readInputs({ ...environmentOf(good), [name]: proxy }, now);
  }
});

describe('an input', () => {
  it.each<[texts: Texts, accepted: object]>([
    [{ command: 'plan' }, { command: 'plan' }],
    [{ archive: 's3://bucket/a/b/' }, { archive: { kind: 's3', bucket: 'bucket', prefix: 'a/b' } }],
    [{ archive: 's3://my.bucket-1' }, { archive: { kind: 's3', bucket: 'my.bucket-1', prefix: '' } }],
    [{ staging: 'dynamodb:message-archive' }, { staging: { kind: 'dynamodb', table: 'message-archive' } }],
    [
      {
        'api-url': undefined,
        'elasticsearch-url': 'https://search.example.com:9200',
        'elasticsearch-index': 'messages-*,mail',
        'elasticsearch-api-key': 'a2V5',
        'elasticsearch-query': '{"term":{"department":"trading"}}',
      },
      {
        api: undefined,
        elasticsearch: {
          url: 'https://search.example.com:9200',
          index: 'messages-*,mail',
          apiKey: 'a2V5',
          query: '{"term":{"department":"trading"}}',
        },
      },
    ],
    [
      {
        'api-url': undefined,
        'elasticsearch-url': 'https://search.example.com:9200',
        'elasticsearch-index': 'mail',
        'elasticsearch-username': 'reader',
        'elasticsearch-password': 'pass word',
      },
      {
        elasticsearch: {
          url: 'https://search.example.com:9200',
          index: 'mail',
          username: 'reader',
          password: 'pass word',
        },
      },
    ],
    [
      {
        'opensearch-url': 'https://search-mail-x1.eu-central-1.es.amazonaws.com',
        'opensearch-index': 'mail-*',
        'aws-region': 'eu-central-1',
      },
      {
        opensearch: {
          url: 'https://search-mail-x1.eu-central-1.es.amazonaws.com',
          index: 'mail-*',
          auth: { kind: 'aws', service: 'es' },
        },
        overlapDays: 7,
      },
    ],
    [
      {
        'api-url': undefined,
        'opensearch-url': 'https://x1.eu-central-1.aoss.amazonaws.com',
        'opensearch-index': 'mail',
        'opensearch-service': 'aoss',
        'opensearch-query': '{"match_all":{}}',
      },
      { opensearch: { auth: { kind: 'aws', service: 'aoss' }, query: '{"match_all":{}}' }, overlapDays: 0 },
    ],
    [
      {
        'opensearch-url': 'https://search.example.com',
        'opensearch-index': 'mail',
        'opensearch-auth': 'basic',
        'opensearch-username': 'reader',
        'opensearch-password': 'secret',
      },
      { opensearch: { auth: { kind: 'basic', username: 'reader', password: 'secret' } } },
    ],
    [
      { 'opensearch-url': 'https://search.example.com', 'opensearch-index': 'mail', 'opensearch-auth': 'none' },
      { opensearch: { auth: { kind: 'none' } } },
    ],
    [
      {
        archive: 's3://bucket',
        'role-to-assume': 'arn:aws:iam::123456789012:role/ci/message-archive',
        'aws-region': 'eu-central-1',
        'sse-kms-key-id': 'alias/messages',
        'object-lock-mode': 'COMPLIANCE',
        'object-lock-days': '2557',
      },
      {
        aws: {
          roleToAssume: 'arn:aws:iam::123456789012:role/ci/message-archive',
          region: 'eu-central-1',
          sseKmsKeyId: 'alias/messages',
          objectLock: { mode: 'COMPLIANCE', days: 2557 },
        },
      },
    ],
    [
      { archive: 's3://bucket', 'role-to-assume': 'arn:aws-us-gov:iam::123456789012:role/a+=,.@-_b' },
      { aws: { roleToAssume: 'arn:aws-us-gov:iam::123456789012:role/a+=,.@-_b' } },
    ],
    [{ command: ' verify\n' }, { command: 'verify' }],
    [
      { refresh: 'true', 'accept-fewer': 'True', 'dry-run': 'TRUE' },
      { refresh: true, acceptFewer: true, dryRun: true },
    ],
    [
      { refresh: 'false', 'accept-fewer': 'False', 'dry-run': 'FALSE' },
      { refresh: false, acceptFewer: false },
    ],
    [{ command: 'export', window: JSON.stringify(legJson) }, { assignment: legJson }],
    [
      { command: 'export', window: '2024-05-17..2024-07-16, 2024-03-18..2024-05-17' },
      { assignment: { windows: ['2024-03-18..2024-05-17', '2024-05-17..2024-07-16'] } },
    ],
    [
      { command: 'export', window: '1970-01-01..1970-01-31', 'window-days': '30', from: '1970-01-01' },
      { settings: { layout: { windowDays: 30 } } },
    ],
    [{ command: 'export', window: JSON.stringify(legJson), 'dry-run': 'true' }, { dryRun: true }],
    [{ command: 'report', plan: ' {"slots":[]}\n' }, { plan: '{"slots":[]}' }],
    [{ command: 'report' }, { plan: undefined }],
    [{ command: 'verify', manifest: 'ids.txt' }, { manifest: { path: 'ids.txt', column: undefined } }],
    [{ command: 'verify', manifest: 'a.csv', 'manifest-column': 'Id' }, { manifest: { path: 'a.csv', column: 'Id' } }],
    [{ command: 'report', plan: ' \n ' }, { plan: undefined }],
    [
      { 'window-days': '366', 'partition-by': 'day' },
      { settings: { layout: { windowDays: 366, partitionBy: 'day' } } },
    ],
    ...(
      [
        [{}, 7],
        [{ 'overlap-days': '0' }, 0],
        [{ 'overlap-days': '366' }, 366],
        [{ 'dry-run': 'true' }, 0],
      ] as const
    ).map(([more, overlapDays]): [Texts, object] => [
      { 'elasticsearch-url': 'https://search.example.com:9200', 'elasticsearch-index': 'messages', ...more },
      { overlapDays },
    ]),
    [
      { 'recent-days': '0', 'scrub-windows': '0' },
      { recentDays: 0, scrubWindows: 0 },
    ],
    [
      { 'recent-days': '3650', 'scrub-windows': '1000' },
      { recentDays: 3650, scrubWindows: 1000 },
    ],
    [{ archive: 'file:/data/my archive' }, { archive: { kind: 'file', folder: '/data/my archive' } }],
    [{ archive: 'file:../archive:2' }, { archive: { kind: 'file', folder: '../archive:2' } }],
    [{ staging: 'sqlite:/data/staging.db' }, { staging: { kind: 'sqlite', path: '/data/staging.db' } }],
    [{ format: 'jsonl' }, { settings: { format: 'jsonl' } }],
    [
      { 'closed-statuses': 'Closed, RESOLVED,closed,,won’t fix ' },
      { settings: { shape: { closedStatuses: ['closed', 'resolved', 'won’t fix'] } } },
    ],
    [
      { 'closed-statuses': "Won't fix, really\n\n closed" },
      { settings: { shape: { closedStatuses: ["won't fix, really", 'closed'] } } },
    ],
    [{ 'alert-status': '""' }, { settings: { shape: { alertStatus: [] } } }],
    [{ 'message-alerts': '/threads/*/alerts' }, { settings: { shape: { alerts: ['threads', '*', 'alerts'] } } }],
    [
      { 'message-time-format': 'dd.MM.yyyy HH:mm||epoch_millis', 'message-time-zone': 'Europe/Berlin' },
      { settings: { shape: { timeFormat: 'dd.MM.yyyy HH:mm||epoch_millis', timeZone: 'Europe/Berlin' } } },
    ],
    [
      {
        'message-id': '/meta/id',
        'message-timestamp': '/at/0',
        'message-alerts': '/a~1b',
        'alert-id': '/',
        'alert-status': '/~0',
      },
      {
        settings: {
          shape: { id: ['meta', 'id'], timestamp: ['at', '0'], alerts: ['a/b'], alertId: [''], alertStatus: ['~'] },
        },
      },
    ],
    [{ 'api-url': 'http://127.0.0.1:8080/messages' }, { api: { url: 'http://127.0.0.1:8080/messages' } }],
    [{ 'api-url': 'HTTPS://API.example.com?tenant=a%20b' }, { api: { url: 'HTTPS://API.example.com?tenant=a%20b' } }],
    [{ 'api-url': 'https://api.example.com/@me' }, { api: { url: 'https://api.example.com/@me' } }],
    [{ 'api-token': ` ${token}\n` }, { api: { authentication: { token } } }],
    [{ 'api-page-size': '10000', 'api-concurrency': '64' }, { api: { pageSize: 10_000, concurrency: 64 } }],
    [{ 'api-page-size': '1', 'api-concurrency': '1' }, { api: { pageSize: 1, concurrency: 1 } }],
    [{ 'api-max-days': '33' }, { api: { timeFormat: 'date' } }],
    [{ 'api-max-days': '31', 'api-time-format': 'iso' }, { api: { timeFormat: 'iso', pad: { start: 0, end: 0 } } }],
    [{ 'api-max-days': '32', 'api-time-format': 'iso' }, { api: { pad: { start: 1_000, end: 0 } } }],
    [{ 'api-max-days': '1h', 'api-time-format': 'iso' }, { api: { maxMs: 3_600_000, pad: { start: 1_000, end: 0 } } }],
    [
      { 'api-max-days': '1', 'api-time-format': 'epoch-ms', 'partition-by': 'day' },
      { api: { timeFormat: 'epoch-ms' } },
    ],
    [{ 'api-max-days': '9', 'window-days': '7' }, { settings: { layout: { windowDays: 7 } } }],
    [
      { 'api-messages': '/data/items', 'api-total': '/data/count' },
      { api: { messages: ['data', 'items'], total: { pointer: ['data', 'count'] } } },
    ],
    [{ 'api-messages': '""' }, { api: { messages: [] } }],
    [{ concurrency: '64' }, { concurrency: 64 }],
    [{ 'time-budget': '1s' }, { timeBudgetMs: 1_000 }],
    [{ 'time-budget': '90s' }, { timeBudgetMs: 90_000 }],
    [{ 'time-budget': '45m' }, { timeBudgetMs: 2_700_000 }],
    [{ 'time-budget': '1h' }, { timeBudgetMs: 3_600_000 }],
    [{ 'time-budget': '2h3m4s' }, { timeBudgetMs: 7_384_000 }],
    [{ 'time-budget': '119h60m' }, { timeBudgetMs: 432_000_000 }],
  ])('is read from %j', (texts, accepted) => {
    expect(read(texts)).toMatchObject(accepted);
  });

  it('declares columns', () => {
    const declared = [
      '# what people search for',
      'subject: /subject string',
      '',
      '  _size2 :  /meta/si ze  int64 ',
      'score: /a~1b double\r',
      'is_read: /read boolean',
      `${'t'.repeat(63)}: /t timestamp`,
    ];
    expect(read({ columns: declared.join('\n') }).settings.shape.columns).toEqual([
      { name: 'subject', pointer: ['subject'], type: 'string' },
      { name: '_size2', pointer: ['meta', 'si ze'], type: 'int64' },
      { name: 'score', pointer: ['a/b'], type: 'double' },
      { name: 'is_read', pointer: ['read'], type: 'boolean' },
      { name: 't'.repeat(63), pointer: ['t'], type: 'timestamp' },
    ]);
    expect(read({ columns: '# none yet' }).settings.shape.columns).toEqual([]);
    expect(read({ columns: manyColumns(100) }).settings.shape.columns).toHaveLength(100);
  });
});

describe('the range', () => {
  it.each([
    ['2024-06-01', Date.UTC(2024, 5, 1)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2024-06-01T12:34:56Z', Date.UTC(2024, 5, 1, 12, 34, 56)],
    ['2024-06-01T12:34:56', Date.UTC(2024, 5, 1, 12, 34, 56)],
    ['2024-06-01 12:34:56.789', Date.UTC(2024, 5, 1, 12, 34, 56, 789)],
    ['2024-06-01T00:00:00.0009Z', Date.UTC(2024, 5, 1)],
    ['2024-06-01T00:00:00+05:30', Date.UTC(2024, 4, 31, 18, 30)],
    ['2024-06-01T00:00:00-02:00', Date.UTC(2024, 5, 1, 2)],
    ['1970-01-01', 0],
  ])('starts at from: %s', (from, start) => {
    expect(read({ from }).range).toEqual({ start, end: now });
    expect(read({ to: '2024-06-03', from }).range).toEqual({ start, end: Date.UTC(2024, 5, 3) });
  });

  it('ends now if to is later', () => {
    for (const to of ['2025-01-15T12:30:00.001Z', '2025-02-01', '9999-12-31T23:59:59Z']) {
      expect(read({ to }).range).toEqual({ start: Date.UTC(2018, 0, 15), end: now });
    }
    expect(read({ to: '2025-01-15T12:29:59Z' }).range.end).toBe(now - 1_000);
  });

  it.each([
    ['2024-06-01', Date.UTC(2017, 5, 1)],
    ['2024-06-01T23:59:59Z', Date.UTC(2017, 5, 1)],
    ['2024-06-01T00:30:00+01:00', Date.UTC(2017, 4, 31)],
    ['2024-02-29T12:00:00Z', Date.UTC(2017, 1, 28)],
    ['1975-03-01', 0],
  ])('starts 7 calendar years before its end, %s, by default', (to, start) => {
    expect(read({ to }).range.start).toBe(start);
  });

  it('ends at as-of instead of now', () => {
    const past = Date.UTC(2023, 5, 1, 6);
    const range = { start: Date.UTC(2016, 5, 1), end: past };
    expect(read({ 'as-of': '2023-06-01T06:00Z' })).toMatchObject({ asOf: past, range });
    expect(read({ 'as-of': '2023-06-01T06:00Z', to: '2024-01-01' })).toMatchObject({ asOf: past, range });
    const future = Date.UTC(2026, 5, 1);
    expect(read({ 'as-of': '2026-06-01', from: '2026-01-01' })).toMatchObject({
      asOf: future,
      range: { start: Date.UTC(2026, 0, 1), end: future },
    });
  });

  it('accepts a future as-of only with a local archive and staging', () => {
    const rangeAsOf = (asOf: string) => readRange(new Given(environmentOf({ ...good, 'as-of': asOf })), now, false);
    const message = refusalOf(() => rangeAsOf('2025-01-16'));
    expect(message).toContain('The input `as-of` is "2025-01-16": ');
    expect(message).toContain('2025-01-15T12:30:00.000Z');
    expect(rangeAsOf('2025-01-15T12:30Z')).toMatchObject({ asOf: now });
  });
});

it('refuses a matrix of hosted runners with local files, which they do not share', () => {
  const leg = environmentOf({ ...good, command: 'export', window: JSON.stringify(legJson) });
  const message = refusalOf(() => readInputs({ ...leg, RUNNER_ENVIRONMENT: 'github-hosted' }, now));
  expectOneSentence(message);
  expect(message).toContain('`staging` is "sqlite:staging.db": ');
  expect(readInputs({ ...leg, RUNNER_ENVIRONMENT: 'self-hosted' }, now).command).toBe('export');
});

describe('the tracking issue', () => {
  const secret = 'ghs_aTokenThatNobodyMaySee';
  const github = { GITHUB_REPOSITORY: 'acme/messages.archive', GITHUB_API_URL: 'https://github.example.com/api/v3/' };
  const readOn = (texts: Texts, environment: Texts = github) =>
    readInputs({ ...environmentOf({ ...good, 'github-token': secret, ...texts }), ...environment }, now).github;
  const settings = {
    apiUrl: 'https://github.example.com/api/v3',
    owner: 'acme',
    repository: 'messages.archive',
    token: secret,
    label: 'message-archive',
  };

  it('is in the repository of the run, on its server', () => {
    expect(readOn({})).toEqual(settings);
    expect(readOn({ 'issue-label': ' archive: 🔥 ' })).toEqual({ ...settings, label: 'archive: 🔥' });
    expect(readOn({ 'issue-label': '🔥'.repeat(50) })?.label.length).toBe(100);
    const { GITHUB_API_URL: _, ...onGithub } = github;
    expect(readOn({}, onGithub)).toEqual({ ...settings, apiUrl: 'https://api.github.com' });
  });

  it('is off with an empty label, without a token, and outside of a repository', () => {
    expect(readOn({ 'issue-label': '' })).toBeUndefined();
    expect(readOn({ 'issue-label': ' \n' })).toBeUndefined();
    expect(readOn({ 'github-token': '' })).toBeUndefined();
    expect(readOn({ 'github-token': undefined })).toBeUndefined();
    for (const GITHUB_REPOSITORY of [undefined, '', 'acme', 'acme/a/b', '../x y'])
      expect(readOn({}, { ...github, GITHUB_REPOSITORY })).toBeUndefined();
  });

  it('requires a valid GITHUB_API_URL', () => {
    expect(refusalOf(() => readOn({}, { ...github, GITHUB_API_URL: 'github.example.com' }))).toContain(
      'The variable GITHUB_API_URL ',
    );
  });

  it('has a token that no error shows, whichever input contains it', () => {
    const message = refusalOf(() => readOn({ 'api-page-size': secret }));
    expect(message).toContain('The input `api-page-size` is "***"');
    expect(message).not.toContain(secret);
  });
});
