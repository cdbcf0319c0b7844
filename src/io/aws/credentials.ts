import {
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandOutput,
  STSClient,
} from '@aws-sdk/client-sts';
import { UserError } from '../../errors.ts';
import { BufferPool } from '../../memory/buffer-pool.ts';
import { backoffMs, type Clock } from '../clock.ts';
import { HttpClient } from '../http/client.ts';
import { type AwsFailure, answeredWith, attemptsMax, awsClientConfig, awsFault, connectionFault } from './client.ts';

const audience = 'sts.amazonaws.com';
const tokenBytesMax = 64 * 1024;
const backoffMsBase = 500;
const backoffMsMax = 20_000;
/** Before their end, credentials are renewed; those of a short session half-way. */
const renewMsBefore = 5 * 60_000;

/** AWS credentials that end. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

export interface RoleSettings {
  /** The role's ARN: `arn:aws:iam::123456789012:role/name`. */
  readonly roleToAssume: string;
  /** Where STS is asked; absent: the SDK's own chain. */
  readonly region?: string | undefined;
  /** What AWS's logs call the session. */
  readonly sessionName: string;
  readonly clock: Clock;
  /** As the runner sets it up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Keeps a secret out of the job's log. */
  readonly mask: (secret: string) => void;
}

/** Where GitHub gives a job its identity token. */
interface TokenPlace {
  readonly url: URL;
  readonly bearer: string;
}

/**
 * A provider of credentials for the AWS SDK, which asks GitHub for a new identity token and STS for a new session of the
 * role whenever the last one nears its end. Callers who come meanwhile share one request.
 * https://docs.github.com/en/actions/reference/security/oidc
 * @throws UserError at once when the job may not ask for a token; the provider throws one when a session cannot be had and
 *   the last one has ended
 */
export function roleCredentials(settings: RoleSettings): () => Promise<SessionCredentials> {
  const place = tokenPlace(settings.environment);
  const { clock } = settings;
  let current: SessionCredentials | undefined;
  let renewAt = 0;
  let pending: Promise<SessionCredentials> | undefined;
  const renew = async () => {
    const askedAt = clock.now();
    try {
      current = await assumeRole(settings, place);
      const endsAt = current.expiration.getTime();
      renewAt = endsAt - Math.min(renewMsBefore, (endsAt - askedAt) / 2);
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

function tokenPlace(environment: RoleSettings['environment']): TokenPlace {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = environment;
  if (!url || !bearer) {
    throw new UserError(
      'The input `role-to-assume` needs an identity token of GitHub, for which this job has no permission: add `id-token: write` to the permissions of the job.',
    );
  }
  if (!URL.canParse(url)) {
    throw new UserError('The variable ACTIONS_ID_TOKEN_REQUEST_URL is no address: leave it as the runner sets it.');
  }
  const asked = new URL(url);
  asked.searchParams.set('audience', audience);
  return { url: asked, bearer };
}

/** With a new token on each attempt: one that was refused, or waited too long, is of no more use. */
async function assumeRole(settings: RoleSettings, place: TokenPlace): Promise<SessionCredentials> {
  const { clock } = settings;
  for (let attempts = 1; ; attempts += 1) {
    const token = await identityToken(settings, place);
    try {
      return await session(settings, token);
    } catch (error) {
      if (attempts >= attemptsMax || !mayPass(error)) throw failure(error, settings.roleToAssume);
      await clock.sleep(backoffMs(clock, attempts, backoffMsBase, backoffMsMax));
    }
  }
}

async function identityToken(settings: RoleSettings, { url, bearer }: TokenPlace): Promise<string> {
  const what = "GitHub's issuer of identity tokens";
  const client = new HttpClient(what, settings.clock, { bodyBytesMax: tokenBytesMax }, new BufferPool(0));
  const hint = 'see that the job has the permission `id-token: write`';
  try {
    const headers = { authorization: `Bearer ${bearer}` };
    const bytes = await client.get(url, headers, { 400: hint, 401: hint, 403: hint, 404: hint });
    const token = tokenOf(Buffer.from(bytes).toString());
    if (token === undefined) throw new UserError(`${what} at ${url.origin} answers without a token: run again.`);
    settings.mask(token);
    return token;
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
  const asked = { RoleArn: roleToAssume, RoleSessionName: sessionName, WebIdentityToken: token };
  try {
    const { Credentials } = await client.send(new AssumeRoleWithWebIdentityCommand(asked));
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
    throw new UserError('AWS STS answers without credentials: see that AWS_ENDPOINT_URL_STS is right.');
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
const passing = new Set(['ExpiredTokenException', 'IDPCommunicationError', 'IDPCommunicationErrorException']);

function mayPass(error: unknown): boolean {
  const { name, message, code, $metadata } = error as AwsFailure;
  if (error instanceof UserError) return false;
  if (passing.has(name ?? '') || name === 'TimeoutError' || /^Throttl/.test(name ?? '')) return true;
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
  const what = `The role ${role} cannot be assumed`;
  if (name === 'AccessDenied' || name === 'AccessDeniedException') {
    return new UserError(
      `${what} (${name}): see that it exists and that its trust policy allows sts:AssumeRoleWithWebIdentity to this repository, branch or environment.`,
    );
  }
  if (/^InvalidIdentityToken/.test(name)) {
    return new UserError(
      `${what} (${name}): see that its account has GitHub's identity provider, token.actions.githubusercontent.com, with the audience ${audience}.`,
    );
  }
  if (passing.has(name))
    return new UserError(`${what} (${name}): AWS could not check GitHub's token in time, run again.`);
  const fault = awsFault(error);
  if (fault !== undefined) return new UserError(`${what} (${fault.reason}): ${fault.remedy}.`);
  // What STS says more may hold the token.
  const answered = answeredWith(error);
  return answered === undefined ? error : new UserError(`${what} (${answered}): see what AWS STS expects.`);
}
