import type { SearchSettings } from '../io/search/settings.ts';
import type { InputName } from './defaults.ts';
import { type Given, type Parser, Refusal } from './given.ts';
import { secretInputs } from './secrets.ts';
import { parseHttp, withoutSecrets } from './urls.ts';

interface Engine {
  /** For people: `Elasticsearch`. */
  readonly name: string;
  /** How its inputs begin: `elasticsearch`. */
  readonly prefix: 'elasticsearch' | 'opensearch';
  /** Where credentials belong, as a clause: `the API key belongs in …`. */
  readonly credentials: string;
}

/**
 * Reads the inputs that every search engine has; undefined without a URL.
 * @param options the other inputs of the engine, which require the URL
 * @throws UserError where one is not accepted, or the index is missing
 */
export function readSearch(
  given: Given,
  engine: Engine,
  options: readonly InputName[],
): Pick<SearchSettings, 'url' | 'index' | 'query'> | undefined {
  const { prefix } = engine;
  const url = given.read(`${prefix}-url`, addressOf(engine));
  const query = given.read(`${prefix}-query`, queryForm);
  if (url !== undefined) return { url, index: given.required(`${prefix}-index`, indexForm), query };
  const idle = [`${prefix}-index` as const, `${prefix}-query` as const, ...options].find((name) => given.isSet(name));
  if (idle === undefined) return undefined;
  throw given.refuse(idle, `it requires \`${prefix}-url\`, which is missing`, isSecret(idle) ? '***' : undefined);
}

/** A user name and a password; undefined where neither is given. */
export function readUser(
  given: Given,
  prefix: Engine['prefix'],
): { readonly username: string; readonly password: string } | undefined {
  const [user, secret] = [`${prefix}-username`, `${prefix}-password`] as const;
  const username = given.read(user, usernameForm);
  const password = given.read(secret, passwordForm);
  if (username !== undefined && password !== undefined) return { username, password };
  if (username !== undefined) throw given.refuse(user, `it requires \`${secret}\`, which is missing`);
  if (password !== undefined) throw given.refuse(secret, `it requires \`${user}\`, which is missing`, '***');
  return undefined;
}

function isSecret(name: InputName): boolean {
  return (secretInputs as readonly InputName[]).includes(name);
}

function addressOf({ name, credentials }: Engine): Parser<string> {
  const accepted = `use the URL of ${name}, such as \`https://search.example.com:9200\``;
  return {
    accepted,
    read(text) {
      const url = parseHttp(text);
      if (url === undefined) throw new Refusal(accepted, withoutSecrets(text));
      if (url.username !== '' || url.password !== '')
        throw new Refusal(
          `a user name or password is not allowed here: ${credentials}`,
          `${url.protocol}//${url.host}`,
        );
      if (url.search !== '' || url.hash !== '')
        throw new Refusal('remove "?" or "#" and everything after it', `${url.origin}${url.pathname}…`);
      return text;
    },
  };
}

/** An index, an alias, a data stream, a pattern, or several. */
const indexForm: Parser<string> = {
  accepted: 'use an index, an alias, a data stream or a pattern, or several separated by commas: `messages-*`',
  read: (text) => (/^[^\s/\\?"<>|#A-Z][^\s/\\?"<>|#A-Z]*$/.test(text) ? text : undefined),
};

const queryForm: Parser<string> = {
  accepted: 'use a query as a JSON object, such as `{"term":{"department":"trading"}}`',
  read(text) {
    try {
      const query: unknown = JSON.parse(text);
      return typeof query === 'object' && query !== null && !Array.isArray(query) ? text : undefined;
    } catch {
      return undefined;
    }
  },
};

const usernameForm: Parser<string> = {
  accepted: 'use the name of a user, without a colon and without line breaks',
  read: (text) => (/^[^:\p{Cc}]+$/u.test(text) ? text : undefined),
};

const passwordForm: Parser<string> = {
  accepted: 'use the password of the user, without line breaks',
  read(text) {
    if (/^\P{Cc}+$/u.test(text)) return text;
    throw new Refusal(passwordForm.accepted, '***');
  },
};
