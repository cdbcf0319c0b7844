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

/** Other APIs' names for what a placeholder stands for. */
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

/** The query string of each request. */
export const query: Parser<readonly Parameter[]> = {
  accepted: 'use `name=value` pairs with `&` between them',
  read: (text) => compiled(() => compileQuery(text), placeholders, secretPlaceholders, '`api-headers`'),
};

/** The body of each request. */
export const body: Parser<Body> = {
  accepted: 'use JSON, with placeholders within strings',
  read: (text) => compiled(() => compileBody(text), placeholders, secretPlaceholders, '`api-headers`'),
};

/** The headers of each request. */
export const headers: Parser<readonly Header[]> = {
  accepted: 'use one `Name: value` a line',
  read: (text) => compiled(() => compileHeaders(text), secretPlaceholders, placeholders, '`api-query` or `api-body`'),
};

/**
 * @param others placeholders of other inputs, and where these stand
 * @throws Refusal which names the nearest placeholder
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
  if (nearest !== undefined) return `the nearest is \`{${nearest}}\``;
  return `there are ${names.map((each) => `\`{${each}}\``).join(', ')}`;
}
