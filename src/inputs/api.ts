import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  type ApiPaging,
  type ApiSettings,
  type ApiTimeFormat,
  type Authentication,
  apiPagings,
  apiTimeFormats,
  type ClientCertificate,
  type OauthSettings,
  type Paging,
  type Place,
  padOf,
  requestDays,
} from '../io/api/settings.ts';
import { numbersIn, type Placeholder, placeholdersIn, type RequestTemplate, secretsOf } from '../io/api/template.ts';
import { DAY_MS } from '../windows/interval.ts';
import type { Layout } from '../windows/slot.ts';
import { body, headers, query } from './api-template.ts';
import { inputDefaults } from './defaults.ts';
import { type Given, type Parser, Refusal } from './given.ts';
import { anyPointer, pointer, wholeNumber, word } from './parsers.ts';
import { parseHttp, withoutSecrets } from './urls.ts';

const pageSizeMax = 10_000;
const concurrencyMax = 64;
const maxDaysMax = 1_000_000;
const firstPageMax = 1_000_000;
const maxResultsMax = 1_000_000_000;
const monthDaysMax = 31;
const hoursADay = 24;

/**
 * Reads the inputs of the API; returns undefined without an `api-url`.
 * @throws UserError if an input is invalid, contradicts another, or is missing
 */
export function readApi(given: Given, layout: Layout): ApiSettings | undefined {
  const url = given.read('api-url', address);
  const request = readRequest(given);
  const timeFormat = given.read('api-time-format', word<ApiTimeFormat>(...apiTimeFormats));
  const maxDays = given.read('api-max-days', daysOrHours);
  const asked = {
    paging: given.read('api-paging', word<ApiPaging>(...apiPagings)),
    first: given.read('api-first-page', wholeNumber(0, firstPageMax)),
    next: given.read('api-next', nextPlace),
  };
  const maxResults = given.read('api-max-results', wholeNumber(1, maxResultsMax));
  const total = given.read('api-total', totalPlace);
  const settings = {
    request,
    timeFormat,
    pageSize: given.read('api-page-size', wholeNumber(1, pageSizeMax)),
    concurrency: given.read('api-concurrency', wholeNumber(1, concurrencyMax)),
    messages: given.read('api-messages', anyPointer),
    message: given.read('api-message', anyPointer),
    maxMs: maxDays * DAY_MS,
    maxResults,
    total: total === 'none' ? undefined : total,
    tls: readCertificate(given),
  };
  const authentication = readAuthentication(given, url !== undefined);
  if (url === undefined) return undefined;
  checkQuery(given, url, request);
  checkRange(given, request, timeFormat);
  checkDays(given, maxDays, timeFormat);
  const paging = pagingOf(given, request, asked, maxResults);
  return { url, authentication, paging, pad: padOf(timeFormat, slotDaysMax(layout), maxDays), ...settings };
}

function readRequest(given: Given): RequestTemplate {
  const method = given.read('api-method', word('GET', 'POST'));
  const compiled = given.read('api-body', body);
  if (compiled !== undefined && method === 'GET')
    throw given.refuse('api-body', 'only POST sends a body, set `api-method: POST`', '');
  // With a body, the default query would send every parameter twice.
  const isUsual = given.text('api-query') === inputDefaults['api-query'];
  return { method, body: compiled, query: compiled !== undefined && isUsual ? [] : given.read('api-query', query) };
}

interface AskedPaging {
  readonly paging: ApiPaging | undefined;
  readonly first: number | undefined;
  readonly next: Place | 'link' | undefined;
}

/** The placeholder of each kind of paging. */
const pagingPlaceholders: Readonly<Record<Exclude<ApiPaging, 'none'>, Placeholder>> = {
  page: 'page',
  offset: 'offset',
  next: 'cursor',
};

/** Derives how the API pages from the placeholders of its requests, `api-next` and `api-paging`, which must agree. */
function pagingOf(
  given: Given,
  request: RequestTemplate,
  { paging, first, next }: AskedPaging,
  maxResults: number | undefined,
): Paging {
  const used = placeholdersIn(request);
  const kinds = (['page', 'offset', 'next'] as const).filter((kind) => used.has(pagingPlaceholders[kind]));
  if (next !== undefined && !kinds.includes('next')) kinds.push('next');
  const kind = paging ?? (next !== undefined ? 'next' : kinds[0]) ?? 'none';
  const stranger = kinds.find((each) => each !== kind);
  if (stranger !== undefined) {
    const name = pagingPlaceholders[stranger];
    if (!used.has(name)) throw given.refuse('api-next', `paging by \`${kind}\` does not use it, leave it out`);
    const other = paging === undefined && kind === 'next' ? '`api-next`' : `paging by \`${kind}\``;
    const remedy =
      kind === 'none' || paging !== undefined
        ? ''
        : `, or leave ${kind === 'next' ? '`api-next`' : `\`{${kind}}\``} out`;
    throw given.refuse(
      placeIn(given, name),
      `\`{${name}}\` cannot be combined with ${other}: leave \`{${name}}\` out${remedy}`,
      `{${name}}`,
    );
  }
  if (first !== undefined && kind !== 'page' && kind !== 'offset')
    throw given.refuse('api-first-page', `pages have no numbers with \`api-paging: ${kind}\`, leave it out`);
  switch (kind) {
    case 'page':
    case 'offset':
      if (!used.has(kind)) throw given.refuse('api-paging', `use \`{${kind}}\` in \`api-query\` or \`api-body\``);
      return { kind, first: first ?? (kind === 'page' ? 1 : 0) };
    case 'next':
      if (next !== undefined) return { kind, next };
      throw used.has('cursor')
        ? given.refuse(
            placeIn(given, 'cursor'),
            'it needs `api-next`, the place of the cursor in a response: use a JSON pointer there, such as `/next_cursor`',
            '{cursor}',
          )
        : given.refuse('api-paging', 'it needs `api-next`, use a JSON pointer, `link` or `header:Name` there');
    case 'none':
      if (maxResults !== undefined) return { kind };
      throw given.refuse(
        paging === undefined ? 'api-query' : 'api-paging',
        'requests do not page, so nothing shows whether a response is complete: use `{page}`, `{offset}` or `{cursor}` in `api-query`, or set `api-max-results` to the maximum number of messages in one response',
      );
  }
}

/** The input that holds a placeholder. */
function placeIn(given: Given, name: Placeholder): 'api-query' | 'api-body' {
  return given.text('api-query').includes(`{${name}`) && given.text('api-body') === '' ? 'api-query' : 'api-body';
}

function readAuthentication(given: Given, isUsed: boolean): Authentication {
  const read = given.read('api-headers', headers);
  const secrets = secretsOf(read);
  const secretsGiven = {
    token: given.text('api-token') === '' ? undefined : given.required('api-token', token),
    username: given.read('api-username', userText),
    password: given.read('api-password', secretText),
    oauth: readOauth(given),
  };
  if (!isUsed) return { headers: read, ...secretsGiven };
  const needsPair = secrets.has('basic') || secrets.has('username') || secrets.has('password');
  if (secrets.has('token') && secretsGiven.oauth === undefined && secretsGiven.token === undefined) {
    if (secretsGiven.username !== undefined)
      throw given.refuse(
        'api-headers',
        'to send the user name and password, use the header `Authorization: Basic {basic}`',
      );
    given.required('api-token', token);
  }
  if (secretsGiven.token !== undefined && secretsGiven.oauth !== undefined)
    throw given.refuse('api-token', '`api-oauth-token-url` already provides the token, leave one of them out', '***');
  if (secretsGiven.token !== undefined && !secrets.has('token'))
    throw given.refuse('api-token', 'no header contains it, use `{token}` in `api-headers`', '***');
  if (secretsGiven.oauth !== undefined && !secrets.has('token'))
    throw given.refuse('api-oauth-token-url', 'no header contains the token, use `{token}` in `api-headers`');
  if (needsPair) {
    if (secrets.has('basic') || secrets.has('username')) given.required('api-username', userText);
    if (secrets.has('basic') || secrets.has('password')) given.required('api-password', secretText);
  } else {
    for (const name of ['api-username', 'api-password'] as const)
      if (given.text(name) !== '')
        throw given.refuse(name, 'no header contains it, use `Authorization: Basic {basic}` in `api-headers`', '***');
  }
  return { headers: read, ...secretsGiven };
}

function readOauth(given: Given): OauthSettings | undefined {
  const names = ['api-oauth-token-url', 'api-oauth-client-id', 'api-oauth-client-secret', 'api-oauth-scope'] as const;
  if (names.every((name) => given.text(name) === '')) return undefined;
  return {
    tokenUrl: given.required('api-oauth-token-url', tokenAddress),
    clientId: given.required('api-oauth-client-id', plainText),
    clientSecret: given.required('api-oauth-client-secret', secretText),
    scope: given.read('api-oauth-scope', plainText),
  };
}

function readCertificate(given: Given): ClientCertificate | undefined {
  const cert = given.read('api-client-certificate', certificate);
  const key = given.read('api-client-key', privateKey);
  if (cert === undefined && key === undefined) return undefined;
  if (key === undefined) throw given.refuse('api-client-certificate', 'it needs `api-client-key`', '***');
  if (cert === undefined) throw given.refuse('api-client-key', 'it needs `api-client-certificate`', '***');
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return { cert, key };
  throw given.refuse('api-client-key', 'it is not the key of `api-client-certificate`', '***');
}

/** An HTTP URL without secrets, kept as written; each request appends its query. */
export const address: Parser<string> = {
  accepted: 'use the URL of the message API, such as `https://api.example.com/v1/messages`',
  read(text) {
    const url = parseHttp(text);
    if (url === undefined) throw new Refusal(address.accepted, withoutSecrets(text));
    if (url.username !== '' || url.password !== '') {
      throw new Refusal(
        'leave out the user name and password, set `api-username` and `api-password` instead',
        withoutSecrets(text),
      );
    }
    if (text.includes('#')) throw new Refusal('leave out "#" and everything after it', withoutSecrets(text));
    const found = /\{(\w+)\}/.exec(text)?.[0];
    if (found !== undefined) throw new Refusal('put placeholders in `api-query` or `api-body`', found);
    return text;
  },
};

const tokenAddress: Parser<string> = {
  accepted: 'use the URL of the token endpoint, such as `https://login.example.com/oauth2/token`',
  read(text) {
    const url = parseHttp(text);
    if (url === undefined || url.hash !== '' || url.username !== '' || url.password !== '')
      throw new Refusal(tokenAddress.accepted, withoutSecrets(text));
    return text;
  },
};

/** A token that a header can contain. */
const token: Parser<string> = {
  accepted: 'use the bearer token of the API, in printable ASCII without spaces',
  read(text) {
    if (/^bearer\s/i.test(text)) throw new Refusal('use the token alone, without `Bearer` before it');
    const wrong = text.search(/[^\x21-\x7e]/);
    if (wrong === -1) return text;
    throw new Refusal(`${token.accepted} (character ${wrong + 1} is not allowed)`);
  },
};

const secretText: Parser<string> = {
  accepted: 'use the secret alone, on one line',
  read(text) {
    if (!/[\r\n]/.test(text)) return text;
    throw new Refusal(secretText.accepted, '***');
  },
};

const userText: Parser<string> = {
  accepted: 'use the user name alone, without a colon',
  read(text) {
    if (!/[\r\n:]/.test(text)) return text;
    throw new Refusal(userText.accepted, '***');
  },
};

const plainText: Parser<string> = {
  accepted: 'use one line',
  read: (text) => (/[\r\n]/.test(text) ? undefined : text),
};

const certificate: Parser<string> = {
  accepted: 'use the certificate in PEM, starting with `-----BEGIN CERTIFICATE-----`',
  read: (text) => readable(text, () => new X509Certificate(text), certificate.accepted),
};

const privateKey: Parser<string> = {
  accepted: 'use the key in PEM without a passphrase, starting with `-----BEGIN PRIVATE KEY-----`',
  read: (text) => readable(text, () => createPrivateKey(text), privateKey.accepted),
};

/** Checks that Node can parse a secret. Its error is not shown, since it may contain parts of the secret. */
function readable(text: string, parse: () => unknown, accepted: string): string {
  try {
    parse();
    return text;
  } catch {
    throw new Refusal(accepted, '***');
  }
}

/** Parses `header:Name`; the name is in lower case. */
function headerIn(text: string): { readonly header: string } | undefined {
  const [, name] = /^header:\s*([!#$%&'*+.^_`|~\w-]+)$/i.exec(text) ?? [];
  return name === undefined ? undefined : { header: name.toLowerCase() };
}

const totalPlace: Parser<Place | 'none'> = {
  accepted: `${pointer.accepted}; \`header:X-Total-Count\`; or \`none\``,
  read(text) {
    if (text === 'none') return 'none';
    const found = pointer.read(text);
    return headerIn(text) ?? (found && { pointer: found });
  },
};

const nextPlace: Parser<Place | 'link'> = {
  accepted: 'use a JSON pointer, such as `/next_cursor`; `link` for the header `Link`; or `header:Name`',
  read(text) {
    if (/^link$/i.test(text)) return 'link';
    const found = pointer.read(text);
    return headerIn(text) ?? (found && { pointer: found });
  },
};

/** Days, or hours with an `h`, in days. */
const daysOrHours: Parser<number> = {
  accepted: `use whole days from 1 to ${maxDaysMax}, or hours with an h, such as \`1h\``,
  read(text) {
    const [, digits = '', unit = ''] = /^(\d+)(h?)$/.exec(text) ?? [];
    const days = Number(digits) / (unit === 'h' ? hoursADay : 1);
    return digits !== '' && days > 0 && days <= maxDaysMax ? days : undefined;
  },
};

/** A parameter in both inputs would be sent twice. */
function checkQuery(given: Given, url: string, request: RequestTemplate): void {
  const { searchParams } = new URL(url);
  const twice = request.query.find(({ name }) => searchParams.has(decodeURIComponent(name)));
  if (twice === undefined) return;
  const name = decodeURIComponent(twice.name);
  throw given.refuse('api-url', `leave \`${name}\` out, \`api-query\` sets it too`, withoutSecrets(url));
}

function checkRange(given: Given, request: RequestTemplate, timeFormat: ApiTimeFormat): void {
  const used = placeholdersIn(request);
  const input = given.text('api-body') === '' ? 'api-query' : 'api-body';
  for (const name of ['start', 'end'] as const) {
    if (used.has(name)) continue;
    const shown = input === 'api-body' ? '' : undefined;
    throw given.refuse(input, `\`{${name}}\` is missing: each request must state its range`, shown);
  }
  const isNumeric = timeFormat.startsWith('epoch');
  const number = (['start', 'end'] as const).find((name) => numbersIn(request).has(name));
  if (number === undefined || isNumeric) return;
  const why = `\`api-time-format: ${timeFormat}\` is not numeric: use \`{${number}}\`, or \`api-time-format: epoch-s\``;
  throw given.refuse('api-body', why, `{${number}:number}`);
}

/** With dates, a request for one day also needs the days before and after it. Longer intervals are halved until they fit. */
function checkDays(given: Given, maxDays: number, timeFormat: ApiTimeFormat): void {
  const days = requestDays(1, timeFormat);
  if (timeFormat !== 'date' || days <= maxDays) return;
  throw given.refuse(
    'api-max-days',
    `with \`api-time-format: date\`, each request covers at least ${days} days: use at least ${days}, or set \`api-time-format: iso\``,
  );
}

function slotDaysMax({ partitionBy, windowDays }: Layout): number {
  return Math.min(partitionBy === 'month' ? monthDaysMax : 1, windowDays);
}
