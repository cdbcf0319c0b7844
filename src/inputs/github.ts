import { UserError } from '../errors.ts';
import type { GithubSettings } from '../io/github/settings.ts';
import { type Given, type Parser, Refusal } from './given.ts';
import { parseHttp } from './urls.ts';

const labelCharactersMax = 50;
const publicApi = 'https://api.github.com';

/**
 * Reads the settings of the tracking issue; undefined without a label, a token or a repository.
 * @param environment the process's variables, as the runner sets them
 * @throws UserError if an input is not accepted
 */
export function readGithub(
  given: Given,
  environment: Readonly<Record<string, string | undefined>>,
): GithubSettings | undefined {
  const token = given.read('github-token', tokenParser);
  const label = given.isEmptied('issue-label') ? undefined : given.read('issue-label', labelParser);
  const [, owner, repository] = /^([\w.-]+)\/([\w.-]+)$/.exec(environment.GITHUB_REPOSITORY ?? '') ?? [];
  if (label === undefined || token === undefined || owner === undefined || repository === undefined) return undefined;
  return { apiUrl: apiUrl(environment.GITHUB_API_URL || publicApi), owner, repository, token, label };
}

function apiUrl(text: string): string {
  if (parseHttp(text) === undefined)
    throw new UserError('input-invalid', 'The variable GITHUB_API_URL is not a URL. Leave it as the runner sets it.');
  return text.replace(/\/$/, '');
}

const tokenParser: Parser<string> = {
  accepted: 'use a GitHub token of printable ASCII without spaces, or remove it to use the token of the job',
  read(text) {
    if (/^[\x21-\x7e]+$/.test(text)) return text;
    throw new Refusal(tokenParser.accepted, '***');
  },
};

/** The name of a label; a comma would make it two labels in a query for issues. */
const labelParser: Parser<string> = {
  accepted: `use a label of at most ${labelCharactersMax} characters on one line, without commas`,
  read: (text) => ([...text].length <= labelCharactersMax && !/[,\p{Cc}]/u.test(text) ? text : undefined),
};
