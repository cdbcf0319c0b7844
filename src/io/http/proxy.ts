import type { ConnectionFault } from './tls.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A proxy that requests to a host go through. */
export interface HttpProxy {
  /** For people, without user name and password: `http://proxy.example.com:3128`. */
  readonly shown: string;
  /** The variable that names it. */
  readonly variable: string;
  readonly hasPassword: boolean;
  readonly hostname: string;
  readonly port: number;
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
/** A proxy that is not there hardly comes while a job waits for it. */
const absent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH']);

/** The proxy for a URL, chosen as undici does; undefined where the host is asked without one. */
export function proxyFor(url: URL, environment: Environment = process.env): HttpProxy | undefined {
  const names = ['http_proxy', 'HTTP_PROXY'];
  if (url.protocol === 'https:') names.unshift('https_proxy', 'HTTPS_PROXY');
  const variable = names.find((name) => environment[name]);
  if (variable === undefined || isExempt(url, environment)) return undefined;
  return proxyIn(variable, environment);
}

/** The proxies that the environment names. */
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

/** Why a request did not get through a proxy, where trying again is no use; undefined where it may be. */
export function proxyFault(reason: string, proxy: HttpProxy): ConnectionFault | undefined {
  const { shown, variable, hasPassword } = proxy;
  const status = proxyStatus(reason);
  if (status === 407) {
    return {
      reason: `was not reached: the proxy ${shown} requires authentication (407)`,
      remedy: hasPassword
        ? `check the user name and the password in ${variable}`
        : `add a user name and a password to ${variable}, as in \`http://user:password@host:port\``,
    };
  }
  const passing = status === 408 || status === 425 || status === 429;
  if (status !== undefined && status < 500 && !passing) {
    return {
      reason: `was not reached: the proxy ${shown} refused the connection (${status})`,
      remedy: 'allow this host in the proxy, or add it to NO_PROXY',
    };
  }
  if (!absent.has(reason)) return undefined;
  return {
    reason: `was not reached: the proxy ${shown} is unreachable (${reason})`,
    remedy: `check ${variable} and that the proxy is up, or add this host to NO_PROXY`,
  };
}

/** The status code in what {@link tunnelReason} returned. */
function proxyStatus(reason: string): number | undefined {
  const [, digits] = /^the proxy responded (\d{3})$/.exec(reason) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** `the proxy responded 407`: what undici and Node say of a proxy that gave no tunnel; undefined for any other message. */
export function tunnelReason(message: string): string | undefined {
  const [, status] =
    /^(?:Proxy response \(|Proxy Authentication Required \(|Failed to establish tunnel to .*: HTTP\/\d\.\d )(\d{3})\b/.exec(
      message,
    ) ?? [];
  return status === undefined ? undefined : `the proxy responded ${status}`;
}

/** Whether NO_PROXY names the host: `example.com` and `.example.com` with what is below them, `host:port`, `*`. */
function isExempt({ protocol, hostname, port }: URL, environment: Environment): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const asked = port || String(defaultPorts[protocol] ?? '');
  const entries = (environment.no_proxy ?? environment.NO_PROXY ?? '').toLowerCase().split(/[,\s]+/);
  return entries.some((entry) => {
    const [, name = '', only] = /^\[?([^[\]]*?)\]?(?::(\d+))?$/.exec(entry.replace(/^([^[]*:[^[]*:.*)$/, '[$1]')) ?? [];
    if (name === '' || (only !== undefined && only !== asked)) return false;
    const domain = name.replace(/^\*?\./, '');
    return name === '*' || host.endsWith(`.${domain}`) || (host === domain && !name.startsWith('*.'));
  });
}
