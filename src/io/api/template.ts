/** Values of a request that differ from page to page. */
export const placeholders = ['start', 'end', 'size', 'page', 'offset', 'cursor'] as const;
export type Placeholder = (typeof placeholders)[number];

/** Values of a header that are secrets. */
export const secretPlaceholders = ['token', 'username', 'password', 'basic'] as const;
export type SecretPlaceholder = (typeof secretPlaceholders)[number];

/** The text of each placeholder. If one is absent, the parameter or member that contains it is omitted. */
export type Values = Readonly<Partial<Record<Placeholder, string>>>;

/** A literal text, or a placeholder within it. */
type Part<Name extends string> = string | { readonly name: Name; readonly isNumber: boolean };
type Text<Name extends string> = readonly Part<Name>[];

/** One `name=value` pair of a query string; the name as it was written. */
export interface Parameter {
  readonly name: string;
  readonly value: Text<Placeholder>;
}

/** One header. */
export interface Header {
  readonly name: string;
  readonly value: Text<SecretPlaceholder>;
}

/** A JSON value in which strings are texts with placeholders. */
export type Body =
  | { readonly text: Text<Placeholder> }
  | { readonly list: readonly Body[] }
  | { readonly members: readonly (readonly [name: string, value: Body])[] }
  | { readonly literal: number | boolean | null };

/** The common form of all requests to an API. */
export interface RequestTemplate {
  readonly method: 'GET' | 'POST';
  readonly query: readonly Parameter[];
  /** Sent with POST; undefined: an empty body. */
  readonly body: Body | undefined;
}

/** A template that cannot be compiled. Its message is a clause that says how to fix it; `shown` is the invalid part. */
export class TemplateError extends Error {
  readonly shown: string;
  /** The name of a placeholder that does not exist. */
  readonly unknown: string | undefined;

  constructor(message: string, shown: string, unknown?: string) {
    super(message);
    this.shown = shown;
    this.unknown = unknown;
  }
}

const placeholder = /\{([a-zA-Z_][\w-]*)(?::(\w*))?\}/g;
const unclosed = /\{[a-zA-Z_][\w-]*$/;
/** The connection sets these itself. */
const ownHeaders = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);

/**
 * Parses `name=value` pairs separated by `&`; `""` means no pairs. Values may contain placeholders, and must otherwise be
 * percent-encoded.
 * @throws TemplateError
 */
export function compileQuery(text: string): Parameter[] {
  if (text === '""') return [];
  return text.split('&').map((pair) => {
    const [, name, value] = /^([^\s=?#{}]+)=([^#\r\n]*)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined || !isEncoded(pair)) {
      throw new TemplateError(
        'use `name=value` pairs with `&` between them, percent-encoded where necessary: `status=all&from={start}`',
        /^[^=]*=?/.exec(pair)?.[0] ?? '',
      );
    }
    const compiled = compileText(value, placeholders);
    const number = compiled.find((part) => typeof part !== 'string' && part.isNumber);
    if (number !== undefined) throw new TemplateError('`:number` is for `api-body`, leave it out here', name);
    return { name, value: compiled };
  });
}

/**
 * Parses JSON text whose strings may contain placeholders.
 * @throws TemplateError
 */
export function compileBody(text: string): Body {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const bare = /[:[,]\s*(\{(?:start|end|size|page|offset|cursor)\})/.exec(text)?.[1];
    throw new TemplateError(
      bare === undefined
        ? `use valid JSON (${(error as Error).message.replace(/(?: in JSON|,? ").*$/s, '')})`
        : `use JSON, with placeholders within strings: \`"${bare}"\`, or \`"${bare.replace('}', ':number}')}"\` for a number`,
      bare ?? '',
    );
  }
  return bodyOf(value);
}

/**
 * Parses one `Name: value` per line.
 * @throws TemplateError
 */
export function compileHeaders(text: string): Header[] {
  const lines = text.split(/\r\n?|\n/).map((line) => line.trim());
  const headers = lines.filter((line) => line !== '').map(headerOf);
  const names = headers.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, n) => names.indexOf(name) < n);
  if (twice !== undefined) throw new TemplateError('use each header once', twice);
  return headers;
}

function headerOf(line: string): Header {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) {
    const shown = /^[^\s:]*/.exec(line)?.[0] ?? '';
    throw new TemplateError('use one `Name: value` per line, such as `X-Api-Key: {token}`', shown);
  }
  if (ownHeaders.has(name.toLowerCase())) throw new TemplateError(`leave \`${name}\` out, each request sets it`, name);
  if (/[^\x20-\x7e]/.test(value)) throw new TemplateError('use the value in printable ASCII', name);
  const compiled = compileText(value, secretPlaceholders);
  if (compiled.some((part) => typeof part !== 'string' && part.isNumber))
    throw new TemplateError('`:number` is for `api-body`, leave it out here', name);
  return { name, value: compiled };
}

function compileText<Name extends string>(text: string, known: readonly Name[]): Text<Name> {
  const parts: Part<Name>[] = [];
  let end = 0;
  for (const match of text.matchAll(placeholder)) {
    const [whole, written = '', type] = match;
    const name = known.find((each) => each === written);
    if (name === undefined) throw new TemplateError(`\`{${written}}\` is not a placeholder here`, whole, written);
    if (type !== undefined && type !== 'number')
      throw new TemplateError(`use \`{${name}:number}\` for a number`, whole);
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ name, isNumber: type === 'number' });
    end = match.index + whole.length;
  }
  const rest = text.slice(end);
  const open = unclosed.exec(rest)?.[0];
  if (open !== undefined) throw new TemplateError(`close the placeholder: \`${open}}\``, open);
  return rest === '' ? parts : [...parts, rest];
}

function bodyOf(value: unknown): Body {
  if (typeof value === 'string') {
    const text = compileText(value, placeholders);
    const number = text.find((part) => typeof part !== 'string' && part.isNumber);
    if (number !== undefined && text.length > 1)
      throw new TemplateError('a placeholder with `:number` must stand alone in its string', value);
    return { text };
  }
  if (Array.isArray(value)) return { list: value.map(bodyOf) };
  if (typeof value !== 'object' || value === null) return { literal: value as number | boolean | null };
  return { members: Object.entries(value).map(([name, part]) => [name, bodyOf(part)] as const) };
}

/** Returns the placeholders of a request. */
export function placeholdersIn({ query, body }: RequestTemplate): Set<Placeholder> {
  return new Set([...query.flatMap(({ value }) => namesIn(value)), ...(body === undefined ? [] : namesInBody(body))]);
}

/** The placeholders that a request sends as JSON numbers. */
export function numbersIn({ body }: RequestTemplate): Set<Placeholder> {
  return new Set(body === undefined ? [] : namesInBody(body, true));
}

/** Returns the secrets that headers contain. */
export function secretsOf(headers: readonly Header[]): Set<SecretPlaceholder> {
  return new Set(headers.flatMap(({ value }) => namesIn(value)));
}

function namesIn<Name extends string>(text: Text<Name>, areNumbers?: true): Name[] {
  return text.flatMap((part) => (typeof part === 'string' || (areNumbers && !part.isNumber) ? [] : [part.name]));
}

function namesInBody(body: Body, areNumbers?: true): Placeholder[] {
  if ('text' in body) return namesIn(body.text, areNumbers);
  if ('list' in body) return body.list.flatMap((each) => namesInBody(each, areNumbers));
  return 'members' in body ? body.members.flatMap(([, value]) => namesInBody(value, areNumbers)) : [];
}

/** Returns the URL of a request, with the query appended to any that the URL already has. */
export function renderUrl(url: string, { query }: RequestTemplate, values: Values): URL {
  const rendered = new URL(url);
  const pairs = query.flatMap(({ name, value }) => {
    const text = renderText(value, values, encodeURIComponent);
    return text === undefined ? [] : [`${name}=${text}`];
  });
  rendered.search = [rendered.search.slice(1), ...pairs].filter((part) => part !== '').join('&');
  return rendered;
}

/** The body of a request as JSON. */
export function renderBody(body: Body, values: Values): string {
  return JSON.stringify(jsonOf(body, values) ?? null);
}

/** Returns the value of a header; undefined if one of its secrets is absent. */
export function renderHeader(
  { value }: Header,
  secrets: Readonly<Partial<Record<SecretPlaceholder, string>>>,
): string | undefined {
  return renderText(value, secrets, (text) => text);
}

/** Returns undefined if a placeholder has no value, so that the parameter, header or member is omitted. */
function renderText<Name extends string>(
  text: Text<Name>,
  values: Readonly<Partial<Record<Name, string>>>,
  encode: (text: string) => string,
): string | undefined {
  let rendered = '';
  for (const part of text) {
    const value = typeof part === 'string' ? part : values[part.name];
    if (value === undefined) return undefined;
    rendered += typeof part === 'string' ? part : encode(value);
  }
  return rendered;
}

function jsonOf(body: Body, values: Values): unknown {
  if ('literal' in body) return body.literal;
  if ('list' in body) return body.list.map((each) => jsonOf(each, values)).filter((each) => each !== undefined);
  if ('members' in body) {
    const members = body.members.map(([name, value]) => [name, jsonOf(value, values)] as const);
    return Object.fromEntries(members.filter(([, value]) => value !== undefined));
  }
  const [part] = body.text;
  const text = renderText(body.text, values, (value) => value);
  const isNumber = typeof part === 'object' && part.isNumber && text !== undefined && /^-?\d+$/.test(text);
  return isNumber ? Number(text) : text;
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
