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

function refusalOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error('It was accepted.');
}

function expectOneSentence(message: string): void {
  expect(message).toMatch(/^The input `[^`]+` [^\r\n]+\.$/);
  expect(message).not.toContain(token);
  expect(message).not.toContain(JSON.stringify(token).slice(1, -1));
  expect(message.length).toBeLessThan(1_500);
}

const aMoment =
  'write a date, such as 2024-06-01, or an instant, such as 2024-06-01T12:00:00Z, of the years 1970 to 9999';
const aPointer = 'write a JSON pointer, such as `/data/id`';
const aFolder =
  'write `s3://` with a bucket and a prefix, such as `s3://bucket/messages`, or `file:` and a folder, such as `file:archive`';
const aFile =
  'write `dynamodb:` and a table, such as `dynamodb:message-archive`, or `sqlite:` and a file, such as `sqlite:staging.db`';
const anAddress = 'write the address of the message API, such as `https://api.example.com/v1/messages`';
const pairs = 'write `name=value` pairs with `&` between them';
const aDuration = 'write hours, minutes and seconds, such as `5h30m`, `45m` or `90s`, of 1s to 120h in all';
const aStatus = 'write statuses with commas between them, such as `closed, resolved`, or one a line';
const aColumn = 'write `name: /json/pointer type` on a line of its own';
const oneColumn = 'write one column a line, `name: /json/pointer type`, and nothing after its type';
const aColumnName = 'write the name of a column in lower case';
const aToken = 'in printable ASCII without spaces';
const windowElsewhere = 'nothing of it lies between `from` and `to` and in the past, name a window of the plan';
const trueOrFalse = 'write `true` or `false`';

/** The input that is named, its text, what is said of it, and the other inputs. */
const refused: [name: string, text: string | undefined, said: string, others?: Texts][] = [
  ['command', 'backup', '"backup": write one of `run`, `plan`, `export`, `report`, `verify`'],
  ['command', 'Plan', '"Plan": write one of'],
  ['command', 'toString', '"toString": write one of'],
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
  ['from', '1969-12-31', 'of the years 1970 to 9999'],
  ['from', '1970-01-01T00:00:00+00:01', 'of the years 1970 to 9999'],
  ['from', '1969-12-31T23:59:59.999999Z', 'of the years 1970 to 9999'],
  ['from', '2025-01-16', '"2025-01-16": nothing can be read of the future, write an instant before 2025-01-15T12:30'],
  ['from', '2025-01-15T12:30:00Z', 'nothing can be read of the future'],
  ['from', '2024-01-01', 'the future, write an instant before 2023-06-01T00:00:00.000Z', { 'as-of': '2023-06-01' }],
  ['from', '2024-07-01', '"2024-07-01": write an instant before `to`, which is 2024-06-01T', { to: '2024-06-01' }],
  ['from', '2024-06-01', 'before `to`, which is 2024-06-01T00:00:00.000Z', { to: '2024-06-01T02:00:00+02:00' }],
  ['from', undefined, '"1970-01-01T00:00:00.000Z": write an instant before `to`', { to: '1970-01-01' }],
  ['to', 'tomorrow', `"tomorrow": ${aMoment}`],
  ['to', '+010000-01-01T00:00:00Z', `"+010000-01-01T00:00:00Z": ${aMoment}`],
  ['to', '0000-01-01', `"0000-01-01": ${aMoment}`],
  ['to', '2024-06-01..2024-07-01', aMoment],
  ['as-of', 'now', `"now": ${aMoment}`],
  ['as-of', '2024-06-31T00:00:00Z', aMoment],
  ['refresh', 'yes', `"yes": ${trueOrFalse}`],
  ['accept-fewer', '1', `"1": ${trueOrFalse}`],
  ['dry-run', 'tRUE', `"tRUE": ${trueOrFalse}`],
  ['dry-run', 'true', '"true": it prints a plan, and `verify` makes none, so leave it out', { command: 'verify' }],
  ['dry-run', 'true', 'it prints a plan, and `report` makes none', { command: 'report', plan: '{}' }],
  [
    'window',
    undefined,
    "is missing: write an element of the plan's matrix, as JSON, or the ids",
    { command: 'export' },
  ],
  ['window', '2024-05-17..2024-07-16', 'only the command `export` takes it, leave it out for `run`'],
  ['window', '{}', 'only the command `export` takes it, leave it out for `report`', { command: 'report', plan: '{}' }],
  ['window', '2024-05-18..2024-07-17', 'on the grid', { command: 'export' }],
  ['window', '2024-05-17..2024-07-16', 'window of 30 days', { command: 'export', 'window-days': '30' }],
  ['window', 'june', '"june" is not the id of a window', { command: 'export' }],
  ['window', ',', 'names no window', { command: 'export' }],
  ['window', '{"name":', 'starts like JSON but cannot be read', { command: 'export' }],
  [
    'window',
    JSON.stringify({ ...legJson, refresh: 'no' }),
    'since its `refresh` is not as the plan writes it: pass',
    { command: 'export' },
  ],
  ['window', JSON.stringify({ ...legJson, 'two\nlines': 1 }), 'two lines', { command: 'export' }],
  ['window', '2025-01-12..2025-03-13', windowElsewhere, { command: 'export', to: '2025-01-11' }],
  ['window', '2025-03-13..2025-05-12', windowElsewhere, { command: 'export' }],
  [
    'window',
    JSON.stringify({ ...legJson, windows: ['2025-03-13..2025-05-12'] }),
    windowElsewhere,
    { command: 'export' },
  ],
  ['window', token, '"***" is not the id of a window', { command: 'export' }],
  ['plan', '{"slots":[]}', 'only the command `report` takes it, leave it out for `plan`', { command: 'plan' }],
  ['window-days', '0', '"0": write a whole number from 1 to 366'],
  ['window-days', '367', '"367": write a whole number from 1 to 366'],
  ['window-days', '60.0', '"60.0": write a whole number'],
  ['window-days', '6e1', '"6e1": write a whole number'],
  ['window-days', '0x3c', '"0x3c": write a whole number'],
  ['window-days', '٦٠', 'write a whole number'],
  ['recent-days', '-1', '"-1": write a whole number from 0 to 3650'],
  ['recent-days', '3651', 'write a whole number from 0 to 3650'],
  ['scrub-windows', 'all', '"all": write a whole number from 0 to 1000'],
  ['scrub-windows', '1001', 'write a whole number from 0 to 1000'],
  ['manifest', 'ids.txt', 'only the command `verify` takes it'],
  ['manifest-column', 'id', '`manifest` is missing'],
  ['overlap-days', '367', 'write a whole number from 0 to 366'],
  ['overlap-days', '7', 'one of the two is missing, so leave it out'],
  ['archive', undefined, `is missing: ${aFolder}`],
  ['archive', '', `is missing: ${aFolder}`],
  ['archive', 's3://B/prefix', aFolder],
  ['archive', 's3://bucket//prefix', 'write a prefix of letters, digits'],
  ['archive', 's3://bucket/a/../b', 'none of which is `.` or `..`'],
  ['archive', 's3://bucket/./a', 'none of which is `.` or `..`'],
  ['archive', 'S3:bucket', aFolder],
  ['archive', 'archive', `"archive": ${aFolder}`],
  ['archive', '/data/archive', `"/data/archive": ${aFolder}`],
  ['archive', 'file:', `"file:": ${aFolder}`],
  ['archive', 'file: ', `"file:": ${aFolder}`],
  ['archive', 'file://archive', `"file://archive": ${aFolder}`],
  ['archive', 'sqlite:archive', aFolder],
  ['archive', 'file:a\nfile:b', '"file:a file:b": write one path, without line breaks'],
  ['archive', 's3://bucket/a\ns3://bucket/b', aFolder],
  ['archive', 'file:~/archive', '"file:~/archive": write the path out'],
  ['staging', 'sqlite:a.sqlite\r\nsqlite:b.sqlite', 'write one path, without line breaks'],
  ['staging', 'sqlite:a\u0007b', 'and other control characters'],
  ['staging', 'sqlite: ~/staging.db', 'since only a shell knows what `~` stands for'],
  ['staging', undefined, `is missing: ${aFile}`],
  ['staging', 'dynamodb:', 'write the name of a table after `dynamodb:`'],
  ['staging', 'dynamodb:a table', 'write the name of a table after `dynamodb:`'],
  ['elasticsearch-url', 'search.example.com', 'write the address of Elasticsearch'],
  [
    'elasticsearch-url',
    'https://elastic:changeme@search.example.com',
    '"https://search.example.com": write it without a user name',
  ],
  ['elasticsearch-url', 'https://search.example.com/?pretty', 'write it without "?"'],
  ['elasticsearch-index', 'messages', '`elasticsearch-url` is missing'],
  ['elasticsearch-query', '[]', 'write a query as a JSON object'],
  ['elasticsearch-query', '{"term"', 'write a query as a JSON object'],
  ['role-to-assume', 'message-archive', 'write the ARN of a role'],
  ['role-to-assume', 'arn:aws:iam::123456789012:role/message-archive', 'neither archive nor staging is on AWS'],
  ['aws-region', 'Frankfurt', 'write the name of a region'],
  ['aws-region', 'eu-central-1', 'neither archive nor staging is on AWS'],
  ['sse-kms-key-id', 'a key', 'write the id, ARN or alias of a KMS key'],
  ['sse-kms-key-id', 'alias/messages', 'it concerns an archive on S3'],
  ['object-lock-mode', 'governance', 'write one of `GOVERNANCE`, `COMPLIANCE`'],
  ['object-lock-mode', 'GOVERNANCE', 'it needs `object-lock-days`'],
  ['object-lock-days', '30', 'it needs `object-lock-mode`'],
  ['object-lock-days', '0', 'write a whole number from 1 to 36500'],
  ['staging', 'staging.db', `"staging.db": ${aFile}`],
  ['staging', 'sqlite:', `"sqlite:": ${aFile}`],
  ['staging', 'sqlite::memory:', aFile],
  ['staging', 'sqlite:file:staging.db?mode=memory', aFile],
  ['staging', 'sqlite://staging.db', aFile],
  ['format', 'csv', '"csv": write one of `parquet`, `jsonl`'],
  ['format', 'Parquet', 'write one of `parquet`, `jsonl`'],
  ['partition-by', 'year', '"year": write one of `month`, `day`'],
  ['columns', 'subject', `"subject": ${aColumn}`],
  ['columns', 'subject /subject string', aColumn],
  ['columns', 'subject: /subject', `"subject: /subject": ${aColumn}`],
  ['columns', 'subject: subject string', `"subject: subject string": ${aPointer}`],
  ['columns', 'subject: /a~b string', aPointer],
  ['columns', 'subject: "" string', aPointer],
  ['columns', 'subject: /subject text', 'write a type of string, int64, double, boolean, timestamp at the end'],
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
  ['columns', `${'s'.repeat(64)}: /subject string`, 'and 63 characters at most'],
  ['columns', 'payload: /payload string', 'the archive itself has a column `payload`, choose another name'],
  ['columns', 'month: /month int64', 'the archive itself has a column `month`'],
  ['columns', 'day: /day string', 'the archive itself has a column `day`'],
  ['columns', 'a: /a string\nb: /b string\na: /c int64', 'holds "a": two columns have this name'],
  ['columns', 'a: /a string\nb: b string', 'holds "b: b string": '],
  ['columns', manyColumns(101), '"101 columns": at most 100 are accepted'],
  ['closed-statuses', ',', `",": ${aStatus}`],
  ['closed-statuses', ' , ,', aStatus],
  ['closed-statuses', 'closed,\nresolved', '"closed,": separate statuses by commas or by lines, not by both'],
  ['closed-statuses', `a, ${'b'.repeat(257)}`, 'a status has at most 256 characters'],
  ['message-id', 'message_id', `"message_id": ${aPointer}`],
  ['message-id', '""', aPointer],
  ['message-timestamp', '$.timestamp', `"$.timestamp": ${aPointer}`],
  ['message-alerts', '/alerts~', `"/alerts~": ${aPointer}`],
  ['alert-id', 'alert_id', `"alert_id": ${aPointer}`],
  ['alert-status', '#/status', `"#/status": ${aPointer}`],
  ['message-time-format', 'dd/MM/YYYY', '`YYYY` is neither a known name of a format nor letters'],
  ['message-time-format', 'HH:mm', '`HH:mm` has no year'],
  ['message-time-zone', 'Berlin', '"Berlin": write the name of a time zone'],
  ['api-url', undefined, `is missing: ${anAddress}`],
  ['api-url', undefined, `is missing: ${anAddress}`, { command: 'plan' }],
  ['api-url', undefined, 'is missing', { command: 'export', window: '2024-05-17..2024-07-16' }],
  ['api-url', 'api.example.com/messages', `"api.example.com/messages": ${anAddress}`],
  ['api-url', 'localhost:8080/messages', `"localhost:8080/messages": ${anAddress}`],
  ['api-url', 'ftp://api.example.com', anAddress],
  ['api-url', 'https:api.example.com', anAddress],
  ['api-url', 'https://', anAddress],
  ['api-url', 'https:///messages', anAddress],
  ['api-url', 'https://api.example.com:99999/', anAddress],
  ['api-url', 'https://api.exa mple.com/', anAddress],
  ['api-url', 'https://api.example.com/#top', '"https://api.example.com/#…": write it without "#"'],
  ['api-url', 'https://anna:pass@api.example.com/', '"https://api.example.com/": write it without a user name'],
  ['api-url', 'https://anna@api.example.com/', '"https://api.example.com/": write it without a user name'],
  [
    'api-url',
    'https://api.example.com/?page_size=9',
    '"https://api.example.com/?…": leave `page_size` out, `api-query`',
  ],
  ['api-url', 'https://api.example.com/?start%5Ftime=1', 'leave `start_time` out, `api-query` sets it too'],
  ['api-url', 'https://api.example.com/{page}', 'holds "{page}": write placeholders in `api-query`'],
  ['api-url', `http:${token}`, `"http:***": ${anAddress}`],
  ['api-token', undefined, `is missing: write the token that the API accepts as a bearer, ${aToken}`],
  ['api-token', undefined, 'is missing', { command: 'verify' }],
  ['api-token', `Bearer ${token}`, '"***": write the token alone, without the word before it'],
  ['api-token', `${token}\nX-Admin: 1`, `"***": write the token that the API accepts as a bearer, ${aToken}`],
  ['api-token', 'tøken', 'which its character 2 is not'],
  ['api-token', 'to ken', 'which its character 3 is not', { 'api-url': undefined, command: 'verify' }],
  ['api-page-size', '0', '"0": write a whole number from 1 to 10000'],
  ['api-page-size', '10001', 'write a whole number from 1 to 10000'],
  ['api-concurrency', '65', '"65": write a whole number from 1 to 64'],
  ['api-max-days', '0', '"0": write whole days from 1 to 1000000, or hours'],
  ['api-max-days', '0h', '"0h": write whole days'],
  ['api-max-days', '1.5', '"1.5": write whole days'],
  [
    'api-max-days',
    '2',
    '"2": one request with dates is for at least 3 days, write at least 3, or set `api-time-format',
  ],
  ['api-messages', 'messages', `"messages": ${aPointer}`],
  ['api-messages', "''", 'or `""` for the whole'],
  ['api-total', '""', aPointer],
  ['api-total', 'total', `"total": ${aPointer}`],
  ['api-time-format', 'ISO', '"ISO": write one of `date`, `iso`, `iso-s`, `iso-offset`, `epoch-s`, `epoch-ms`'],
  ['api-query', 'status', `"status": ${pairs}`],
  ['api-query', '?status=all', `"?status=": ${pairs}`.replace('"?', 'holds "?')],
  ['api-query', 'status=all&', pairs],
  ['api-query', '=all', pairs],
  ['api-query', 'key=s3cr3t%zz', `holds "key=": ${pairs}`],
  ['concurrency', '0', '"0": write a whole number from 1 to 64'],
  ['concurrency', 'auto', '"auto": write a whole number from 1 to 64'],
  ['time-budget', '5', `"5": ${aDuration}`],
  ['time-budget', '5 h', aDuration],
  ['time-budget', '30m5h', aDuration],
  ['time-budget', '-1h', aDuration],
  ['time-budget', '1.5h', aDuration],
  ['time-budget', '0s', `"0s": ${aDuration}`],
  ['time-budget', '120h1s', `"120h1s": ${aDuration}`],
  ['time-budget', '1d', aDuration],
  ['api_url', 'https://api.example.com', '(INPUT_API_URL) is not known: the nearest is `api-url` (INPUT_API-URL)'],
  ['form', '2024-06-01', 'the nearest is `from`'],
  ['colunms', '', 'the nearest is `columns`'],
  ['message-alert', '/alerts', 'the nearest is `message-alerts`'],
  ['opensearch-url', token, 'is not known: there are `command`, `from`, `to`, '],
  ['role-to-assume', 'arn:aws:iam::1:role/a', 'write the ARN of a role'],
  ['github-token', 'two words', '"***": write a token that GitHub accepts, in printable ASCII without spaces'],
  ['github-token', 'tokén', '"***": write a token that GitHub accepts'],
  ['issue-label', 'archive, incomplete', '"archive, incomplete": write the name of a label, of up to 50 characters'],
  ['issue-label', 'x'.repeat(51), 'of up to 50 characters on one line and without a comma'],
  ['issue-label', 'a\u0007b', 'write the name of a label'],
  ['github-tokens', token, 'is not known: the nearest is `github-token`'],
  ['role-to-assume', 'arn:aws:iam::123456789012:user/archive', 'write the ARN of a role'],
  ['role-to-assume', 'arn:aws:iam::123456789012:role/', 'write the ARN of a role'],
  ['role-to-assume', 'arn:aws:sts::123456789012:assumed-role/archive/x', 'write the ARN of a role'],
  ['x', '1', 'is not known: there are'],
];

function manyColumns(count: number): string {
  return Array.from({ length: count }, (_, n) => `c${n}: /c/${n} double`).join('\n');
}

describe('an input that is not accepted', () => {
  it.each(refused)('%s: %j: %s', (name, text, said, others = {}) => {
    const message = refusalOf(() => read({ ...others, [name]: text }));
    expect(message).toContain(`The input \`${name}\` `);
    expect(message).toContain(said);
    expectOneSentence(message);
  });

  it('names columns that the archive has itself', () => {
    expect(fixedColumns.length).toBeGreaterThan(0);
    for (const name of fixedColumns) {
      const message = refusalOf(() => read({ columns: `${name}: /a string` }));
      expect(message).toContain(`the archive itself has a column \`${name}\``);
    }
  });

  it('is named though it is written in lower case', () => {
    const message = refusalOf(() => readInputs({ ...environmentOf(good), 'INPUT_dry-run': 'true' }, now));
    expect(message).toBe('The input `dry-run` (INPUT_dry-run) is not known: the nearest is `dry-run` (INPUT_DRY-RUN).');
  });

  it('is shown without the password of an address, whatever else is wrong', () => {
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

  it('is cut where it is long, but not through the token', () => {
    const message = refusalOf(() => read({ command: `${'x'.repeat(110)}${token}${'y'.repeat(5000)}` }));
    expect(message).toContain(`${'x'.repeat(110)}***yyyyyyy…"`);
    expect(message).not.toContain('gp_4');
  });

  it('never shows the token, and is always told in one sentence', () => {
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

describe('the inputs that are left out', () => {
  it('have the defaults of the design', () => {
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
      aws: { roleToAssume: undefined, region: undefined, sseKmsKeyId: undefined, objectLock: undefined },
      concurrency: Math.min(availableParallelism(), 64),
      github: undefined,
      timeBudgetMs: 19_800_000,
    } satisfies Inputs);
  });

  it('are the empty ones, the blank ones and the default ones too', () => {
    const others = Object.keys(inputDefaults).filter((name) => !(name in good));
    for (const blank of ['', ' ', '\n\t']) {
      expect(read(Object.fromEntries(others.map((name) => [name, blank])))).toEqual(read());
    }
    expect(read({ ...inputDefaults, ...good })).toEqual(read());
  });

  it.each<[Command, Texts]>([
    ['verify', {}],
    ['report', { plan: '{"slots":[]}' }],
  ])('may be those of the API for %s', (command, texts) => {
    expect(read({ command, ...texts, 'api-url': undefined, 'api-token': undefined }).api).toBeUndefined();
    expect(read({ command, ...texts, 'api-url': undefined }).api).toBeUndefined();
    expect(read({ command, ...texts }).api).toEqual(read().api);
  });
});

it('a proxy that is no address is refused, and what it holds is not shown', () => {
  const refused = ['proxy.example.com:3128', 'socks5://user:secret@proxy.example.com', 'http://', 'nonsense'];
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
    for (const proxy of refused) {
      expect(refusalOf(() => readInputs({ ...environmentOf(good), [name]: proxy }, now))).toBe(
        `The variable ${name} is not the address of a proxy: write one such as \`http://proxy.example.com:3128\`.`,
      );
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
  ])('starts where from says: %s', (from, start) => {
    expect(read({ from }).range).toEqual({ start, end: now });
    expect(read({ to: '2024-06-03', from }).range).toEqual({ start, end: Date.UTC(2024, 5, 3) });
  });

  it('ends now where to is later', () => {
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

  it('takes as-of for now', () => {
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

  it('takes a future as-of only where archive and staging are local', () => {
    const rangeAsOf = (asOf: string) => readRange(new Given(environmentOf({ ...good, 'as-of': asOf })), now, false);
    const message = refusalOf(() => rangeAsOf('2025-01-16'));
    expect(message).toBe(
      'The input `as-of` is "2025-01-16": it is later than now (2025-01-15T12:30:00.000Z), which only a local archive ' +
        'and staging allow.',
    );
    expect(rangeAsOf('2025-01-15T12:30Z')).toMatchObject({ asOf: now });
  });
});

it('refuses a matrix of hosted runners over files, of which each runner would have its own', () => {
  const leg = environmentOf({ ...good, command: 'export', window: JSON.stringify(legJson) });
  const message = refusalOf(() => readInputs({ ...leg, RUNNER_ENVIRONMENT: 'github-hosted' }, now));
  expectOneSentence(message);
  expect(message).toContain('`staging` is "sqlite:staging.db": each leg of a matrix has a hosted runner of its own');
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

  it('is kept in the repository of the run, on its server', () => {
    expect(readOn({})).toEqual(settings);
    expect(readOn({ 'issue-label': ' archive: 🔥 ' })).toEqual({ ...settings, label: 'archive: 🔥' });
    expect(readOn({ 'issue-label': '🔥'.repeat(50) })?.label.length).toBe(100);
    const { GITHUB_API_URL: _, ...onGithub } = github;
    expect(readOn({}, onGithub)).toEqual({ ...settings, apiUrl: 'https://api.github.com' });
  });

  it('is none with an empty label, without a token, and outside of a repository', () => {
    expect(readOn({ 'issue-label': '' })).toBeUndefined();
    expect(readOn({ 'issue-label': ' \n' })).toBeUndefined();
    expect(readOn({ 'github-token': '' })).toBeUndefined();
    expect(readOn({ 'github-token': undefined })).toBeUndefined();
    for (const GITHUB_REPOSITORY of [undefined, '', 'acme', 'acme/a/b', '../x y'])
      expect(readOn({}, { ...github, GITHUB_REPOSITORY })).toBeUndefined();
  });

  it('is not kept on a server whose address is none', () => {
    expect(refusalOf(() => readOn({}, { ...github, GITHUB_API_URL: 'github.example.com' }))).toBe(
      'The variable GITHUB_API_URL is no address: leave it as the runner sets it.',
    );
  });

  it('has a token that no message shows, whichever input it was written into', () => {
    const message = refusalOf(() => readOn({ 'api-page-size': secret }));
    expect(message).toContain('The input `api-page-size` is "***"');
    expect(message).not.toContain(secret);
  });
});
