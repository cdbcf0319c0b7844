import { type ApiSettings, type ApiTimeFormat, padOf, requestDays } from '../io/api/settings.ts';
import type { Layout } from '../windows/slot.ts';
import { type Form, type Given, Refusal } from './given.ts';
import { anyPointer, pointer, wholeNumber, word } from './parsers.ts';
import { parseHttp, withoutSecrets } from './urls.ts';

const pageSizeMax = 10_000;
const concurrencyMax = 64;
const maxDaysMax = 1_000_000;
const monthDaysMax = 31;
/** What each request sets itself. */
const reserved = ['start_time', 'end_time', 'page_size', 'page_number'];

/**
 * Reads the inputs of the API; undefined without an `api-url`.
 * @throws UserError where one is not accepted, the token is missing, or a slot is longer than what the API may be asked for
 */
export function readApi(given: Given, layout: Layout): ApiSettings | undefined {
  const url = given.read('api-url', address);
  const query = given.read('api-query', parameters);
  const timeFormat = given.read('api-time-format', word<ApiTimeFormat>('date', 'iso', 'epoch-ms'));
  const maxDays = given.read('api-max-days', wholeNumber(1, maxDaysMax));
  const settings = {
    query,
    timeFormat,
    pageSize: given.read('api-page-size', wholeNumber(1, pageSizeMax)),
    concurrency: given.read('api-concurrency', wholeNumber(1, concurrencyMax)),
    messages: given.read('api-messages', anyPointer),
    total: given.read('api-total', pointer),
  };
  if (url === undefined) {
    given.read('api-token', token);
    return undefined;
  }
  checkQuery(given, url, query);
  checkDays(given, maxDays, layout, timeFormat);
  const pad = padOf(timeFormat, slotDaysMax(layout), maxDays);
  return { url, token: given.required('api-token', token), pad, ...settings };
}

/** An HTTP address without secrets, that each request can add its parameters to; as written. */
export const address: Form<string> = {
  accepted: 'write the address of the message API, such as `https://api.example.com/v1/messages`',
  read(text) {
    const url = parseHttp(text);
    if (url === undefined) throw new Refusal(address.accepted, withoutSecrets(text));
    if (url.username !== '' || url.password !== '') {
      throw new Refusal('write it without a user name and a password, the API gets `api-token`', withoutSecrets(text));
    }
    if (text.includes('#')) throw new Refusal('write it without "#" and what follows', withoutSecrets(text));
    const set = reserved.find((name) => url.searchParams.has(name));
    if (set !== undefined) throw new Refusal(`leave \`${set}\` out, each request sets it`, withoutSecrets(text));
    return text;
  },
};

/** What a header can carry after `Bearer `. */
const token: Form<string> = {
  accepted: 'write the token that the API accepts as a bearer, in printable ASCII without spaces',
  read(text) {
    if (/^bearer\s/i.test(text)) throw new Refusal('write the token alone, without the word before it');
    const wrong = text.search(/[^\x21-\x7e]/);
    if (wrong === -1) return text;
    throw new Refusal(`${token.accepted}, which its character ${wrong + 1} is not`);
  },
};

/** `name=value` pairs of a query string, as written. A value may be a secret, and is not shown. */
const parameters: Form<string> = {
  accepted: 'write `name=value` pairs with `&` between them, percent-encoded where need be: `status=all&sort=asc`',
  read(text) {
    const wrong = text.split('&').find((pair) => !/^[^\s=?#]+=[^\s#]*$/.test(pair) || !isEncoded(pair));
    if (wrong !== undefined) throw new Refusal(parameters.accepted, /^[^=]*=?/.exec(wrong)?.[0]);
    const set = reserved.find((name) => new URLSearchParams(text).has(name));
    if (set !== undefined) throw new Refusal(`leave it out, each request sets \`${set}\``, set);
    return text;
  },
};

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A parameter that is set twice, once in each input, would be sent twice. */
function checkQuery(given: Given, url: string, query: string): void {
  const { searchParams } = new URL(url);
  const twice = [...new URLSearchParams(query).keys()].find((name) => searchParams.has(name));
  if (twice === undefined) return;
  throw given.refuse('api-query', '`api-url` sets this parameter too, leave it out there', twice);
}

function checkDays(given: Given, maxDays: number, layout: Layout, timeFormat: ApiTimeFormat): void {
  const days = requestDays(slotDaysMax(layout), timeFormat);
  if (days <= maxDays) return;
  const other =
    layout.partitionBy === 'month' ? `, or set \`partition-by: day\`, which needs ${requestDays(1, timeFormat)}` : '';
  throw given.refuse('api-max-days', `one request asks for up to ${days} days, write at least ${days}${other}`);
}

function slotDaysMax({ partitionBy, windowDays }: Layout): number {
  return Math.min(partitionBy === 'month' ? monthDaysMax : 1, windowDays);
}
