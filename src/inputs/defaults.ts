/**
 * The default of every input, in the order of action.yml. An empty default means none, or one that depends on the time, the
 * machine, the runner or another input: `from`, `to`, `as-of`, `overlap-days`, `api-paging`, `api-first-page`, `concurrency`, `github-token`.
 */
export const inputDefaults = {
  command: 'run',
  from: '',
  to: '',
  refresh: 'false',
  'accept-fewer': 'false',
  'dry-run': 'false',
  'as-of': '',
  window: '',
  plan: '',
  manifest: '',
  'manifest-column': '',
  'window-days': '60',
  'recent-days': '60',
  'scrub-windows': '1',
  'overlap-days': '',
  archive: '',
  staging: '',
  format: 'parquet',
  'partition-by': 'month',
  columns: '',
  'closed-statuses': 'closed',
  'message-id': '/message_id',
  'message-timestamp': '/timestamp',
  'message-time-format': '',
  'message-time-zone': 'UTC',
  'message-alerts': '/alerts',
  'alert-id': '/alert_id',
  'alert-status': '/status',
  'api-url': '',
  'api-method': 'GET',
  'api-query': 'start_time={start}&end_time={end}&status=all&page_size={size}&page_number={page}',
  'api-body': '',
  'api-headers': 'Authorization: Bearer {token}',
  'api-token': '',
  'api-username': '',
  'api-password': '',
  'api-oauth-token-url': '',
  'api-oauth-client-id': '',
  'api-oauth-client-secret': '',
  'api-oauth-scope': '',
  'api-client-certificate': '',
  'api-client-key': '',
  'api-page-size': '500',
  'api-concurrency': '5',
  'api-paging': '',
  'api-first-page': '',
  'api-next': '',
  'api-messages': '/messages',
  'api-message': '""',
  'api-total': '/total',
  'api-time-format': 'date',
  'api-max-days': '60',
  'api-max-results': '',
  'elasticsearch-url': '',
  'elasticsearch-index': '',
  'elasticsearch-api-key': '',
  'elasticsearch-query': '',
  'elasticsearch-username': '',
  'elasticsearch-password': '',
  'opensearch-url': '',
  'opensearch-index': '',
  'opensearch-auth': 'aws',
  'opensearch-service': 'es',
  'opensearch-username': '',
  'opensearch-password': '',
  'opensearch-query': '',
  'allow-http': 'false',
  'role-to-assume': '',
  'aws-region': '',
  'sse-kms-key-id': '',
  'object-lock-mode': '',
  'object-lock-days': '',
  concurrency: '',
  'time-budget': '5h30m',
  'github-token': '',
  'issue-label': 'message-archive',
} as const satisfies Readonly<Record<string, string>>;

export type InputName = keyof typeof inputDefaults;

/** The type of an input's value: it may be undefined if the input has no default. */
export type Defaulted<Name extends InputName, Value> = (typeof inputDefaults)[Name] extends ''
  ? Value | undefined
  : Value;

/** The prefix of the variables in which GitHub passes the inputs. */
export const variablePrefix = 'INPUT_';

/** The variable in which GitHub passes an input: `INPUT_API-URL`. */
export function variableOf(name: string): string {
  return `${variablePrefix}${name.toUpperCase()}`;
}
