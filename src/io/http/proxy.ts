import type { ConnectionFault } from './tls.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** An HTTP proxy named by the environment. */
export interface HttpProxy {
  /** For people, without user name and password: `http://proxy.example.com:3128`. */
  readonly shown: string;
  /** The environment variable that names it. */
  readonly variable: string;
  readonly hasPassword: boolean;
  readonly hostname: string;
  readonly port: number;
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
/** Failures to reach a proxy that do not pass within the retries of a job. */
const unreachable = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH']);

/** The proxy for a URL, chosen as undici chooses it; undefined if the host is requested directly. */
export function proxyFor(url: URL, environment: Environment = process.env): HttpProxy | undefined {
  const names = ['http_proxy', 'HTTP_PROXY'];
  if (url.protocol === 'https:') names.unshift('https_proxy', 'HTTPS_PROXY');
  const variable = names.find((name) => environment[name]);
  if (variable === undefined || isExempt(url, environment)) return undefined;
  return proxyIn(variable, environment);
}

/** All proxies that the environment names. */
export function proxies(environment: Environment = process.env): HttpProxy[] {
  const names = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];
  return names.flatMap((name) => (environment[name] ? (proxyIn(name, environment) ?? []) : []));
}

function proxyIn(variable: string, environment: Environment): HttpProxy | undefined {
  const proxy = URL.parse(environment[variable]!);
  if (proxy === null) return undefined;
  const { protocol, hostname, host, username, password } = proxy;
  const port = Number(proxy.port) || defaultPorts[protocol] || 0;
  return { shown: `${protocol}//${host}`, variable, hasPassword: username !== '' || password !== '', hostname, port };
}

/**
 * The fault of a request that a proxy did not forward; undefined if another attempt may succeed.
 * @param reason a system error code, or the result of {@link tunnelReason}
 */
export function proxyFault(reason: string, proxy: HttpProxy): ConnectionFault | undefined {
  const { shown, variable, hasPassword } = proxy;
  const status = proxyStatus(reason);
  if (status === 407) {
    return {
      code: 'proxy-refused',
      reason: `was not reached: the proxy ${shown} requires authentication (407)`,
      remedy: hasPassword
        ? `check the user name and password in ${variable}`
        : `add a user name and password to ${variable}, as in \`http://user:password@host:port\``,
    };
  }
  const mayPass = status === 408 || status === 425 || status === 429;
  if (status !== undefined && status < 500 && !mayPass) {
    return {
      code: 'proxy-refused',
      reason: `was not reached: the proxy ${shown} refused the connection (${status})`,
      remedy: 'allow this host in the proxy, or add it to NO_PROXY',
    };
  }
  if (!unreachable.has(reason)) return undefined;
  return {
    code: 'proxy-refused',
    reason: `was not reached: the proxy ${shown} is unreachable (${reason})`,
    remedy: `check ${variable} and that the proxy is up, or add this host to NO_PROXY`,
  };
}

/** The status code in a result of {@link tunnelReason}. */
function proxyStatus(reason: string): number | undefined {
  const [, digits] = /^the proxy responded (\d{3})$/.exec(reason) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** `the proxy responded 407`, from undici's or Node's message about a proxy that opened no tunnel; undefined for others. */
export function tunnelReason(message: string): string | undefined {
  const [, status] =
    /^(?:Proxy response \(|Proxy Authentication Required \(|Failed to establish tunnel to .*: HTTP\/\d\.\d )(\d{3})\b/.exec(
      message,
    ) ?? [];
  return status === undefined ? undefined : `the proxy responded ${status}`;
}

/** True if NO_PROXY covers the host: `example.com` and `.example.com` with their subdomains, `host:port`, `*`. */
function isExempt({ protocol, hostname, port }: URL, environment: Environment): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const requestedPort = port || String(defaultPorts[protocol] ?? '');
  const entries = (environment.no_proxy ?? environment.NO_PROXY ?? '').toLowerCase().split(/[,\s]+/);
  return entries.some((entry) => {
    const [, name = '', only] = /^\[?([^[\]]*?)\]?(?::(\d+))?$/.exec(entry.replace(/^([^[]*:[^[]*:.*)$/, '[$1]')) ?? [];
    if (name === '' || (only !== undefined && only !== requestedPort)) return false;
    const domain = name.replace(/^\*?\./, '');
    return name === '*' || host.endsWith(`.${domain}`) || (host === domain && !name.startsWith('*.'));
  });
}
