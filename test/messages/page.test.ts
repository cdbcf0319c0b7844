import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashMessage, oneLine, PageError, type PageShape, scanPage } from '../../src/messages/page.ts';
import { anyChoose, anyModel, spell } from './arbitraries.ts';
import { bytesOf, instantMicros, messageText, shape } from './shapes.ts';

const api: PageShape = { messages: ['messages'], total: ['total'], message: [] };
const hits: PageShape = { messages: ['hits', 'hits'], total: ['hits', 'total', 'value'], message: ['_source'] };

const closed = messageText('[{"alert_id":"a1","status":"closed"}]');
const open = messageText('[{"alert_id":"a2","status":"open"}]', '2');
const plain = messageText(undefined, '"m3"');

const scan = (text: string | Uint8Array, page = api) =>
  scanPage(typeof text === 'string' ? bytesOf(text) : text, page, shape);

/** The text and state of each message of a page. */
function found(text: string, page = api): string[][] {
  const bytes = bytesOf(text);
  return scanPage(bytes, page, shape).messages.map(({ start, end, state, reason }) => [
    Buffer.from(bytes.subarray(start, end)).toString(),
    reason ?? state,
  ]);
}

describe('scanPage', () => {
  it('finds and reads each message', () => {
    const text = `{"total":3,"messages":[${closed},\n ${open} ,${plain}],"next":null}`;
    const { total, messages } = scan(text);
    expect(total).toBe(3);
    expect(messages).toEqual([
      {
        start: 23,
        end: 22 + 1 + closed.length,
        state: 'closed',
        id: 'm1',
        timestamp: instantMicros,
        alertCount: 1,
        openAlerts: [],
        openAlertCount: 0,
      },
      expect.objectContaining({ state: 'open', id: '2', openAlerts: ['a2'], openAlertCount: 1 }),
      expect.objectContaining({ state: 'unalerted', id: 'm3' }),
    ]);
    expect(found(text)).toEqual([
      [closed, 'closed'],
      [open, 'open'],
      [plain, 'unalerted'],
    ]);
  });

  it.each([
    ['{"messages":[]}', undefined],
    [' \r\n{ "messages" : [ ] , "total" : 0 } \t\n', 0],
    ['\ufeff{"total":12,"messages":[]}', 12],
    ['{"total":"0012","messages":[]}', 12],
    ['{"total":null,"messages":[]}', undefined],
    ['{"total":1,"total":2,"messages":[]}', 2],
    ['{"total":9007199254740991,"messages":[]}', Number.MAX_SAFE_INTEGER],
  ])('reads the total of %j', (text, total) => {
    expect(scan(text)).toEqual(total === undefined ? { messages: [] } : { total, messages: [] });
  });

  it.each(['-1', '1.0', '1e3', '""', '"-1"', '" 1"', 'true', '[1]', '{}', '9007199254740992', '1'.repeat(1_000)])(
    'rejects the total %.30s',
    (total) => {
      expect(() => scan(`{"total":${total},"messages":[]}`)).toThrow(
        new PageError('its total at /total is not a whole number'),
      );
    },
  );

  it('reads a page that is itself the list', () => {
    expect(found(`[${closed},${plain}]`, { messages: [], message: [] }).map(([, state]) => state)).toEqual([
      'closed',
      'unalerted',
    ]);
    expect(() => scan('{}', { messages: [], message: [] })).toThrow('it has no list of messages at its root');
  });

  it.each([
    '{}',
    '{"messages":null}',
    '{"messages":{}}',
    '{"messages":"[]"}',
    '[]',
    'null',
    '"x"',
    '{"a":{"messages":[]}}',
  ])('rejects %s, which has no list', (text) => {
    expect(() => scan(text)).toThrow(new PageError('it has no list of messages at /messages'));
  });

  it.each([
    ['{"result":{"items":[{}]}}', 'there is a list at /result/items'],
    ['{"a/b":[{}],"links":[],"ids":["x"]}', 'there is a list at /a~1b'],
    ['[{}]', 'there is a list at the root'],
    ['{"a":[{}],"b":{"c":[{}]}}', 'there are lists at /a and /b/c'],
    ['{"a":[{}],"b":[{}],"c":[{}],"d":[{}]}', 'there are lists at /a, /b and /c'],
    ['{"error":"the token\\nhas expired"}', 'it says "the token has expired"'],
    [`{"${'x'.repeat(101)}":[{}]}`, undefined],
  ])('describes %s, which has no list of messages', (text, hint) => {
    expect(() => scan(text)).toThrow(
      new PageError(`it has no list of messages at /messages${hint === undefined ? '' : `; ${hint}`}`),
    );
  });

  it('describes an HTML page by its title', () => {
    expect(() => scan('<!doctype html><title>Sign in</title>')).toThrow(
      new PageError('it is HTML or XML rather than JSON, perhaps a sign-in page (its title is "Sign in")'),
    );
  });

  it.each([
    '{"messages":[],"messages":[]}',
    `{"messages":[${closed}],"messages":null}`,
    `{"messages":null,"\\u006dessages":[${closed}]}`,
  ])('rejects %s, which has two lists', (text) => {
    expect(() => scan(text)).toThrow(new PageError('it has two lists of messages at /messages'));
  });

  it.each([
    ['{"messages":[]} x', 16],
    ['{"messages":[]}{"messages":[]}', 15],
    ['{"messages":[],}', 15],
    ['{"messages" []}', 12],
    ['{"messages":[{} {}]}', 16],
    ['{"messages":[{},]}', 16],
    ['{"messages":[,{}]}', 13],
    ['{"messages":["a"b]}', 16],
    ['{"messages":[{}}', 15],
    ['{"messages":[}', 13],
    ['{"x":01,"messages":[]}', 6],
    ['{"x":tru,"messages":[]}', 8],
  ])('rejects %s, which is not JSON', (text, offset) => {
    expect(() => scan(text)).toThrow(PageError);
    expect(() => scan(text)).toThrow(new RegExp(`^it is not readable JSON: [a-z ]+ at byte ${offset}$`));
  });

  it.each(['<!doctype html>', '\ufeff\r\n <html>', '<'])('rejects %j as HTML or XML', (text) => {
    const html = new PageError('it is HTML or XML rather than JSON, perhaps a sign-in page');
    expect(() => scan(text)).toThrow(html);
  });

  it('rejects a page that is nested too deep around its messages', () => {
    expect(() => scan(`{"x":${'['.repeat(100_000)}`)).toThrow('more than 1000 levels of nesting');
  });

  it('rejects a page truncated anywhere', () => {
    const pages: [string, PageShape][] = [
      [`\ufeff{"total":3,"messages":[${closed}, ${open},{"x":01}, 12 ,null],"next":"é\\n"}`, api],
      [
        `{"hits":{"total":{"value":2},"hits":[{"_id":"1","_source":${closed},"sort":[1,2]},{"_source":{"x":NaN}}]}}`,
        hits,
      ],
    ];
    for (const [text, page] of pages) {
      const bytes = bytesOf(text);
      expect(scanPage(bytes, page, shape).messages.length).toBeGreaterThan(1);
      for (let end = 0; end < bytes.length; end += 1) {
        // An incomplete byte order mark is not the beginning of a value.
        const isCut = !(end > 0 && end < 3 && text.startsWith('\ufeff'));
        const cut = expect.objectContaining({ name: 'PageError', isCut });
        expect(() => scanPage(bytes.slice(0, end), page, shape), `${end}`).toThrow(cut);
        expect(() => scanPage(bytes.subarray(0, end), page, shape), `${end}`).toThrow(cut);
      }
    }
    expect(() => scan('{"messages":[{"a":1}')).toThrow(new PageError('it is truncated after 20 bytes', true));
  });

  it('continues after an invalid message', () => {
    const deep = `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const text = `{"messages":[{"a":"}]\\",}" "b"}, null,12,"x, ]" , nonsense ,[{}],${deep},${closed}]}`;
    expect(found(text)).toEqual([
      ['{"a":"}]\\",}" "b"}', 'not valid JSON'],
      ['null', 'not a JSON object'],
      ['12', 'not a JSON object'],
      ['"x, ]"', 'not a JSON object'],
      ['nonsense', 'not a JSON object'],
      ['[{}]', 'not a JSON object'],
      [deep, 'nested deeper than 1000 levels'],
      [closed, 'closed'],
    ]);
  });

  it('continues after a message that is not UTF-8, but rejects a page that is not', () => {
    const latin = Buffer.from(`{"messages":[${messageText('null', '"é"')},${closed}],"next":"x"}`, 'latin1');
    expect(scan(latin).messages.map(({ state, reason }) => reason ?? state)).toEqual(['not valid UTF-8', 'closed']);
    for (const page of ['{"é":1,"messages":[]}', `{"messages":[${closed}],"next":"é"}`]) {
      expect(() => scan(Buffer.from(page, 'latin1'))).toThrow('it is not valid UTF-8 outside its messages');
    }
  });

  it('finds the messages within Elasticsearch hits', () => {
    const hit = (source: string) => `{"_index":"i","_id":"1","_source":${source},"sort":[12345678901234567890]}`;
    const page = (...elements: string[]) =>
      `{"pit_id":"p","hits":{"total":{"value":4,"relation":"eq"},"hits":[${elements.join(' , ')}]}}`;
    const broken = '{"_source":{"a":1},"sort":[01]}';
    const text = page(
      hit(` ${closed} `),
      hit('{"a":NaN}'),
      hit('null'),
      `{"_source":[],${hit(plain).slice(1)}`,
      broken,
    );
    expect(found(text, hits)).toEqual([
      [closed, 'closed'],
      ['{"a":NaN}', 'not valid JSON'],
      ['null', 'not a JSON object'],
      [plain, 'unalerted'],
      [broken, 'not valid JSON'],
    ]);
    expect(scan(text, hits).total).toBe(4);
    expect(() => scan(page(hit(closed), '{"_id":"2"}'), hits)).toThrow(PageError);
    const place = `at /_source, at byte ${page('null').indexOf('null')}`;
    expect(() => scan(page('null'), hits)).toThrow(new PageError(`an element of its list has no message ${place}`));
  });

  it('returns the raw texts of extras', () => {
    const page: PageShape = {
      ...hits,
      extras: [['pit_id'], ['_shards'], ['nothing'], ['hits', 'total', 'relation']],
      elementExtras: [['sort'], ['_id'], ['none']],
    };
    const hit = (id: string, rest: string) => `{"_id":${id},"_source":${closed}${rest}}`;
    const elements = [
      hit('"1"', ',"sort":[ 12345678901234567890, 1.50 ]'),
      hit('"\\u0032é"', ''),
      '{"_id":"3","_source":{"a":NaN}}',
    ];
    const text = `{"pit_id":"p\\/=","_shards":{"total": 2},"hits":{"total":{"value":3,"relation":"eq"},"hits":[${elements.join(',')}]}}`;
    const { extras, total, messages } = scan(text, page);
    expect(extras).toEqual(['"p\\/="', '{"total": 2}', undefined, '"eq"']);
    expect(total).toBe(3);
    expect(messages.map((message) => message.extras)).toEqual([
      ['[ 12345678901234567890, 1.50 ]', '"1"', undefined],
      [undefined, '"\\u0032é"', undefined],
      [undefined, '"3"', undefined],
    ]);
    const plainPage = scan(text, hits);
    expect('extras' in plainPage).toBe(false);
    expect(plainPage.messages.some((message) => 'extras' in message)).toBe(false);
    expect(plainPage.messages).toEqual(messages.map(({ extras: _, ...message }) => message));
  });

  it('returns the last of two members of the same name', () => {
    const page: PageShape = { ...api, extras: [['a'], ['b', 'c']] };
    expect(scan('{"a":1,"b":{"c":1},"messages":[],"a":2,"b":{}}', page).extras).toEqual(['2', undefined]);
  });

  it('returns exactly the elements, with exact byte ranges', () => {
    const anyMessage = fc.tuple(anyModel, anyChoose).map(([model, choose]) => {
      const text = `${closed.slice(0, -1)},"x":${spell(model, choose)}}`;
      return [text, 'closed'] as const;
    });
    const anyScalar = fc
      .constantFrom('1', '"a]"', 'null', '[{"a":[]}]', 'NaN', '-', '01', "'x'", 'é x')
      .map((text) => [text, 'not a JSON object'] as const);
    const anyBroken = fc
      .tuple(
        anyModel,
        anyChoose,
        fc.constantFrom('x', '"x"', '"x":', ':1', '"x":01', '"x":"\n"', '"x":"\\x"', ',', '""""'),
      )
      .map(([model, choose, fault]) => [`{"y":${spell(model, choose)},${fault}}`, 'not valid JSON'] as const);
    const anySpace = fc.constantFrom('', ' ', '\n\t', '\r\n');
    const anyElement = fc.tuple(anySpace, fc.oneof(anyMessage, anyScalar, anyBroken), anySpace);
    fc.assert(
      fc.property(fc.array(anyElement, { maxLength: 6 }), anySpace, (elements, space) => {
        const list = elements.map(([before, [text], after]) => before + text + after).join(',');
        expect(found(`{"x":[1],"messages":${space}[${list}],"total":1}${space}`)).toEqual(
          elements.map(([, [text, state]]) => [text, state]),
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe('scanPage of a page without a list', () => {
  const scanned = (text: string, emptyList?: 'null' | 'missing') =>
    scan(text, { ...api, ...(emptyList && { emptyList }) });

  it.each(['{"messages":null}', '{"messages":null,"error":null}', '{"total":0}', '{"messages":null,"errors":[]}'])(
    'takes %s for an empty one',
    (text) => {
      for (const emptyList of ['null', 'missing'] as const) expect(scanned(text, emptyList).messages).toEqual([]);
      expect(() => scanned(text)).toThrow('it has no list of messages at /messages');
    },
  );

  it('accepts a missing list as empty if emptyList allows it', () => {
    for (const text of ['{}', '{"total":25}', '{"error":false}']) {
      expect(scanned(text, 'missing').messages).toEqual([]);
      expect(() => scanned(text, 'null')).toThrow('it has no list of messages at /messages');
    }
  });

  it.each([
    '{"messages":null,"error":"x"}',
    '{"messages":null,"error":{"code":1}}',
    '{"errors":[{"message":"x"}],"total":0}',
    '"messages"',
    'true',
    '{"messages":{}}',
    '{"messages":"none"}',
  ])('rejects %s', (text) => {
    for (const emptyList of ['null', 'missing'] as const)
      expect(() => scanned(text, emptyList)).toThrow('it has no list of messages at /messages');
  });
});

it('scanPage rejects a page with more elements than allowed', () => {
  const page = { ...api, messagesMax: 3 };
  expect(scan('{"messages":[0,0,0]}', page).messages).toHaveLength(3);
  expect(() => scan('{"messages":[0,0,0,0', page)).toThrow('it has more messages than requested, over 3');
});

describe('hashMessage', () => {
  it('is the SHA-256 of the range', () => {
    const bytes = bytesOf(`...${closed}...`);
    const sha = hashMessage(bytes, 3, bytes.length - 3);
    expect(sha).toHaveLength(32);
    expect(Buffer.from(sha).toString('hex')).toBe(createHash('sha256').update(closed).digest('hex'));
  });
});

describe('oneLine', () => {
  it('turns line breaks between tokens into spaces, only within the range', () => {
    const bytes = bytesOf('\n{\r\n"a":\n"\\n\\r é\u2028"\r}\n');
    oneLine(bytes, 1, bytes.length - 1);
    expect(Buffer.from(bytes).toString()).toBe('\n{  "a": "\\n\\r é\u2028" }\n');
  });

  it('preserves the content', () => {
    fc.assert(
      fc.property(anyModel, anyChoose, (model, choose) => {
        const text = spell(model, choose);
        const bytes = bytesOf(text);
        oneLine(bytes, 0, bytes.length);
        const line = Buffer.from(bytes).toString();
        expect(line).not.toMatch(/[\r\n]/);
        expect(JSON.stringify(JSON.parse(line))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });
});
