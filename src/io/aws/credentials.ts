import {
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandOutput,
  STSClient,
} from '@aws-sdk/client-sts';
import { UserError, withRemedy } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { HttpClient } from '../http/client.ts';
import { retry, retryPolicies, type Transient } from '../retry.ts';
import { type AwsFailure, awsClientConfig, awsFault, connectionFault, responseClause } from './client.ts';

const audience = 'sts.amazonaws.com';
const tokenBytesMax = 64 * 1024;
/** Credentials are renewed this long before they expire; those of a short session, after half of its time. */
const renewMsBefore = 5 * 60_000;

/** Temporary AWS credentials. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

export interface RoleSettings {
  /** The role's ARN: `arn:aws:iam::123456789012:role/name`. */
  readonly roleToAssume: string;
  /** The region of STS; absent: from the SDK's default chain. */
  readonly region?: string | undefined;
  /** The name of the session in AWS's logs. */
  readonly sessionName: string;
  readonly clock: Clock;
  /** The process's variables, as the runner sets them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Registers a secret to be masked in the job's log. */
  readonly mask: (secret: string) => void;
}

/** GitHub's endpoint for the identity token of a job. */
interface TokenEndpoint {
  readonly url: URL;
  readonly bearer: string;
}

/**
 * A credentials provider for the AWS SDK. Whenever the session of the role is about to expire, it requests an identity token
 * from GitHub and a new session from STS; concurrent callers share one request.
 * https://docs.github.com/en/actions/reference/security/oidc
 * @throws UserError at once if the job lacks the permission `id-token: write`; the provider throws one if there is no new
 *   session and the previous one has expired
 */
export function roleCredentials(settings: RoleSettings): () => Promise<SessionCredentials> {
  const endpoint = tokenEndpoint(settings.environment);
  const { clock } = settings;
  let current: SessionCredentials | undefined;
  let renewAt = 0;
  let pending: Promise<SessionCredentials> | undefined;
  const renew = async () => {
    const requestedAt = clock.now();
    try {
      current = await assumeRole(settings, endpoint);
      const endsAt = current.expiration.getTime();
      renewAt = endsAt - Math.min(renewMsBefore, (endsAt - requestedAt) / 2);
    } catch (error) {
      if (current === undefined || clock.now() >= current.expiration.getTime()) throw error;
    }
    return current;
  };
  return async () => {
    if (current !== undefined && clock.now() < renewAt) return current;
    pending ??= renew().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}

function tokenEndpoint(environment: RoleSettings['environment']): TokenEndpoint {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = environment;
  if (!url || !bearer) {
    throw new UserError(
      'aws-permission',
      'The input `role-to-assume` requires an identity token from GitHub, which this job may not request. Add `id-token: write` to the permissions of the job.',
    );
  }
  if (!URL.canParse(url)) {
    throw new UserError(
      'input-invalid',
      'The variable ACTIONS_ID_TOKEN_REQUEST_URL is not a URL. Leave it as the runner sets it.',
    );
  }
  const requested = new URL(url);
  requested.searchParams.set('audience', audience);
  return { url: requested, bearer };
}

/** Requests a new token for each attempt: a rejected or outdated one is useless. */
async function assumeRole(settings: RoleSettings, endpoint: TokenEndpoint): Promise<SessionCredentials> {
  const { clock, roleToAssume } = settings;
  try {
    return await retry({ policy: retryPolicies.sts, clock, classify: classified }, async () =>
      session(settings, await identityToken(settings, endpoint)),
    );
  } catch (error) {
    throw failure(error, roleToAssume);
  }
}

async function identityToken(settings: RoleSettings, { url, bearer }: TokenEndpoint): Promise<string> {
  const { clock, mask } = settings;
  const name = "GitHub's token issuer";
  const client = new HttpClient({ name, clock, limits: { bodyBytesMax: tokenBytesMax } });
  const hint = 'check that the job has the permission `id-token: write`';
  try {
    const headers = { authorization: `Bearer ${bearer}` };
    const bytes = await client.get(url, headers, { 400: hint, 401: hint, 403: hint, 404: hint });
    const token = tokenOf(Buffer.from(bytes).toString());
    if (token === undefined)
      throw new UserError('aws-credentials', `${name} at ${url.origin} sent a response without a token. Re-run.`);
    mask(token);
    return token;
  } catch (error) {
    // To its user, the issuer is no source of messages but a part of the credentials.
    if (error instanceof UserError && error.code.startsWith('source-'))
      throw new UserError('aws-credentials', error.message);
    throw error;
  } finally {
    await client.close();
  }
}

function tokenOf(text: string): string | undefined {
  try {
    const { value } = JSON.parse(text) as { value?: unknown };
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    return undefined;
  }
}

async function session(settings: RoleSettings, token: string): Promise<SessionCredentials> {
  const { roleToAssume, region, sessionName, clock, mask } = settings;
  const silent = () => undefined;
  const client = new STSClient({
    ...awsClientConfig({ region }, clock, { attemptsMax: 1 }),
    logger: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  });
  const request = { RoleArn: roleToAssume, RoleSessionName: sessionName, WebIdentityToken: token };
  try {
    const { Credentials } = await client.send(new AssumeRoleWithWebIdentityCommand(request));
    if (Credentials?.SecretAccessKey) mask(Credentials.SecretAccessKey);
    if (Credentials?.SessionToken) mask(Credentials.SessionToken);
    return sessionOf(Credentials);
  } finally {
    client.destroy();
  }
}

function sessionOf(given: AssumeRoleWithWebIdentityCommandOutput['Credentials']): SessionCredentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = given ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || Expiration === undefined) {
    throw new UserError('aws-credentials', 'AWS STS sent a response without credentials. Check AWS_ENDPOINT_URL_STS.');
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
const transientNames = new Set(['ExpiredTokenException', 'IDPCommunicationError', 'IDPCommunicationErrorException']);

/** The classifier of the policy `sts`. */
function classified(error: Error): Transient | undefined {
  return isTransient(error) ? {} : undefined;
}

function isTransient(error: Error): boolean {
  const { name, message, code, $metadata } = error as AwsFailure;
  // The token request has retries of its own.
  if (error instanceof UserError) return false;
  if (transientNames.has(name ?? '') || name === 'TimeoutError' || /^Throttl/.test(name ?? '')) return true;
  // STS could not fetch the issuer's keys in time.
  if (name === 'InvalidIdentityToken' || name === 'InvalidIdentityTokenException') {
    return /verification key/i.test(message ?? '');
  }
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return code !== undefined && connectionFault(error) === undefined;
  return status < 300 || status === 429 || status >= 500;
}

function failure(error: unknown, role: string): unknown {
  if (error instanceof UserError) return error;
  const { name = '' } = error as AwsFailure;
  const problem = `The role ${role} could not be assumed`;
  if (name === 'AccessDenied' || name === 'AccessDeniedException') {
    return new UserError(
      'aws-permission',
      `${problem} (${name}). Check that it exists, and that its trust policy allows sts:AssumeRoleWithWebIdentity for this repository, branch or environment.`,
    );
  }
  if (/^InvalidIdentityToken/.test(name)) {
    return new UserError(
      'aws-permission',
      `${problem} (${name}). Check that its account has the identity provider token.actions.githubusercontent.com with the audience ${audience}.`,
    );
  }
  if (transientNames.has(name))
    return new UserError('aws-credentials', `${problem} (${name}): AWS did not verify GitHub's token in time. Re-run.`);
  const fault = awsFault(error, 'aws-credentials');
  if (fault !== undefined) return new UserError(fault.code, withRemedy(`${problem}: ${fault.reason}`, fault.remedy));
  // STS's own message may contain the token.
  const response = responseClause(error);
  return response === undefined
    ? error
    : new UserError('aws-credentials', `${problem}: ${response}. Check AWS_ENDPOINT_URL_STS and the role.`);
}
