import {
  type Body,
  compileBody,
  compileHeaders,
  compileQuery,
  type Header,
  type Parameter,
  placeholders,
  secretPlaceholders,
  TemplateError,
} from '../io/api/template.ts';
import { distance, type Parser, Refusal } from './given.ts';

/** Names that other APIs use for the placeholders. */
const synonyms: Readonly<Record<string, string>> = {
  from: 'start',
  since: 'start',
  after: 'start',
  begin: 'start',
  to: 'end',
  until: 'end',
  before: 'end',
  limit: 'size',
  count: 'size',
  top: 'size',
  per_page: 'size',
  page_size: 'size',
  number: 'page',
  skip: 'offset',
  next: 'cursor',
  next_token: 'cursor',
  page_token: 'cursor',
  key: 'token',
  api_key: 'token',
  user: 'username',
  secret: 'password',
};

/** Parses the query string of each request. */
export const query: Parser<readonly Parameter[]> = {
  accepted: 'use `name=value` pairs with `&` between them',
  read: (text) => compiled(() => compileQuery(text), placeholders, secretPlaceholders, '`api-headers`'),
};

/** Parses the body of each request. */
export const body: Parser<Body> = {
  accepted: 'use JSON, with placeholders within strings',
  read: (text) => compiled(() => compileBody(text), placeholders, secretPlaceholders, '`api-headers`'),
};

/** Parses the headers of each request. */
export const headers: Parser<readonly Header[]> = {
  accepted: 'use one `Name: value` per line',
  read: (text) => compiled(() => compileHeaders(text), secretPlaceholders, placeholders, '`api-query` or `api-body`'),
};

/**
 * @param others placeholders of other inputs
 * @param where the names of those inputs
 * @throws Refusal that names the closest placeholder
 */
function compiled<Template>(
  compile: () => Template,
  names: readonly string[],
  others: readonly string[],
  where: string,
): Template {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { message, unknown, shown } = error;
    throw new Refusal(unknown === undefined ? message : `${message}, ${instead(unknown, names, others, where)}`, shown);
  }
}

function instead(unknown: string, names: readonly string[], others: readonly string[], where: string): string {
  const name = unknown.toLowerCase();
  if (others.includes(name)) return `use it in ${where}`;
  const meant = synonyms[name.replaceAll('-', '_')];
  const nearest =
    meant !== undefined && names.includes(meant)
      ? meant
      : names.toSorted((a, b) => distance(name, a) - distance(name, b)).find((each) => distance(name, each) <= 2);
  if (nearest !== undefined) return `the closest is \`{${nearest}}\``;
  return `use one of ${names.map((each) => `\`{${each}}\``).join(', ')}`;
}
