import { UserError } from '../errors.ts';
import type { GithubSettings } from '../io/github/settings.ts';
import { type Form, type Given, Refusal } from './given.ts';
import { parseHttp } from './urls.ts';

const labelCharactersMax = 50;
const publicApi = 'https://api.github.com';

/**
 * Reads which tracking issue is kept; undefined without a label, without a token, and outside of a repository.
 * @param environment as the runner sets it up
 * @throws UserError where an input is not accepted
 */
export function readGithub(
  given: Given,
  environment: Readonly<Record<string, string | undefined>>,
): GithubSettings | undefined {
  const token = given.read('github-token', tokenForm);
  const label = given.isEmptied('issue-label') ? undefined : given.read('issue-label', labelForm);
  const [, owner, repository] = /^([\w.-]+)\/([\w.-]+)$/.exec(environment.GITHUB_REPOSITORY ?? '') ?? [];
  if (label === undefined || token === undefined || owner === undefined || repository === undefined) return undefined;
  return { apiUrl: apiUrl(environment.GITHUB_API_URL || publicApi), owner, repository, token, label };
}

function apiUrl(text: string): string {
  if (parseHttp(text) === undefined)
    throw new UserError('The variable GITHUB_API_URL is no address: leave it as the runner sets it.');
  return text.replace(/\/$/, '');
}

const tokenForm: Form<string> = {
  accepted: 'write a token that GitHub accepts, in printable ASCII without spaces, or leave it out for that of the job',
  read(text) {
    if (/^[\x21-\x7e]+$/.test(text)) return text;
    throw new Refusal(tokenForm.accepted, '***');
  },
};

/** A label's name; a comma would make two of it where issues are asked for. */
const labelForm: Form<string> = {
  accepted: `write the name of a label, of up to ${labelCharactersMax} characters on one line and without a comma`,
  read: (text) => ([...text].length <= labelCharactersMax && !/[,\p{Cc}]/u.test(text) ? text : undefined),
};
