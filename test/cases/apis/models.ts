import { type ApiModel, credentials, type Held, type PageFacts } from './simulator.ts';

const { token, username, password } = credentials;
const bearer = { headers: { authorization: `Bearer ${token}` } };
const basic = { headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` } };

const iso = ({ at }: Held) => new Date(at).toISOString();
const alerts = ({ id, statuses }: Held) => statuses.map((status, n) => ({ alert_id: `${id}-${n}`, status }));

/** The URL of a request with some parameters replaced. */
function urlWith(url: URL, parameters: Readonly<Record<string, string>>): URL {
  const next = new URL(url);
  for (const [name, value] of Object.entries(parameters)) next.searchParams.set(name, value);
  return next;
}

/** The two sides of a filter: `… ge A and … lt B`. */
function sides(filter: string | undefined, pattern: RegExp): [string | undefined, string | undefined] {
  const [, start, end] = pattern.exec(filter ?? '') ?? [];
  return [start, end];
}

const graphNext = ({ next, url }: PageFacts) =>
  next === undefined ? {} : { '@odata.nextLink': urlWith(url, { $skiptoken: next }).href };

/**
 * Public APIs as their documents describe them. Where an API's messages carry no alerts of their own, the model adds a member
 * `alerts`, as a surveillance system does that keeps them beside the message.
 */
export const models: readonly ApiModel[] = [
  {
    // Pages of at most 1,000; the next page is a whole URL, absent on the last page: https://learn.microsoft.com/en-us/graph/paging
    // The secret goes in the body: https://learn.microsoft.com/en-us/graph/auth-v2-service
    section: 'Microsoft Graph',
    path: '/v1.0/users/archive@example.com/messages',
    auth: { tokenPath: '/tenant/oauth2/v2.0/token', grant: 'client_credentials', secretIn: 'body' },
    range: (get) => sides(get('$filter'), /^receivedDateTime ge (\S+) and receivedDateTime lt (\S+)$/),
    times: 'iso',
    size: { name: '$top', max: 1000 },
    paging: { kind: 'cursor', name: '$skiptoken', refusal: 400 },
    body: (page) => ({
      '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#users/messages',
      ...graphNext(page),
      value: page.items.map((each) => ({ id: each.id, receivedDateTime: iso(each), alerts: alerts(each) })),
    }),
  },
  {
    // Filters by lastModifiedDateTime, with `gt` and `lt`: https://learn.microsoft.com/en-us/microsoftteams/export-teams-content
    section: 'Microsoft Teams export',
    path: '/v1.0/users/user-1/chats/getAllMessages',
    auth: { tokenPath: '/tenant/oauth2/v2.0/token', grant: 'client_credentials', secretIn: 'body' },
    range: (get) => sides(get('$filter'), /^lastModifiedDateTime gt (\S+) and lastModifiedDateTime lt (\S+)$/),
    times: 'iso',
    isStartExclusive: true,
    size: { name: '$top', max: 50 },
    paging: { kind: 'cursor', name: '$skiptoken', refusal: 400 },
    body: (page) => ({
      '@odata.count': page.items.length,
      ...graphNext(page),
      value: page.items.map((each) => ({ id: each.id, lastModifiedDateTime: iso(each), alerts: alerts(each) })),
    }),
  },
  {
    // POST for everything, a list `data` in the body, `meta.pagination.next` absent on the last page, times with `+0000`:
    // https://integrations.mimecast.com/documentation/endpoint-reference/archive/get-message-list
    // https://integrations.mimecast.com/documentation/api-overview/api-concepts
    section: 'Mimecast',
    method: 'POST',
    path: '/api/archive/get-message-list',
    auth: { tokenPath: '/oauth/token', grant: 'client_credentials', secretIn: 'body' },
    range: (get) => {
      const [start, end] = [get('data.0.start'), get('data.0.end')];
      return [start, end].every((each) => each?.endsWith('+0000')) ? [start, end] : [undefined, undefined];
    },
    times: 'iso',
    size: { name: 'meta.pagination.pageSize', max: 500 },
    paging: { kind: 'cursor', name: 'meta.pagination.pageToken', refusal: 400 },
    body: ({ items, next }) => ({
      meta: { status: 200, pagination: { pageSize: items.length, ...(next && { next }) } },
      data: items.map((each) => ({
        id: each.id,
        received: iso(each).replace(/\.\d+Z$/, '+0000'),
        alerts: alerts(each),
      })),
      fail: [],
    }),
  },
  {
    // Basic; an interval of at most one hour; no pages; 429 without Retry-After:
    // https://help.proofpoint.com/Threat_Insight_Dashboard/API_Documentation/SIEM_API
    section: 'Proofpoint TAP',
    path: '/v2/siem/messages/delivered',
    auth: basic,
    range: (get) => sides(get('interval'), /^([^/]+)\/([^/]+)$/),
    times: 'iso',
    rangeMsMax: 3_600_000,
    size: { max: 1_000_000 },
    paging: { kind: 'none' },
    body: ({ items }) => ({
      queryEndTime: '2024-11-01T00:00:00Z',
      messagesDelivered: items.map((each) => ({
        GUID: each.id,
        messageTime: iso(each),
        threatsInfoMap: each.statuses.map((status, n) => ({
          threatID: `${each.id}-${n}`,
          threatStatus: status === 'closed' ? 'cleared' : 'active',
        })),
      })),
    }),
  },
  {
    // A bearer token and an x-api-key; JSON:API; follow `links.next` until it is null: https://docs.trellix.com/docs/get-alerts
    section: 'Trellix EDR',
    path: '/edr/v2/alerts',
    auth: { headers: { ...bearer.headers, 'x-api-key': password } },
    range: (get) => [get('from'), get('to')],
    times: 'epoch-ms',
    size: { name: 'page[limit]', max: 100 },
    paging: { kind: 'cursor', name: 'page[after]', refusal: 400 },
    body: ({ items, next, url }) => ({
      data: items.map((each) => ({
        type: 'alerts',
        id: each.id,
        attributes: { eventDate: iso(each), alerts: alerts(each) },
      })),
      links: { self: url.href, next: next === undefined ? null : urlWith(url, { 'page[after]': next }).href },
    }),
  },
  {
    // Basic; offset from 0 and limit; totalCount in `meta`, the message in `attributes`; seconds must be 00:
    // https://docs.ces.cisco.com/docs/api, and "Tracking APIs" in https://vdocuments.site/apis-for-secure-email.html
    section: 'Cisco Secure Email',
    path: '/sma/api/v2.0/message-tracking/messages',
    auth: basic,
    range: (get) => {
      const pair = [get('startDate'), get('endDate')] as const;
      return pair.every((each) => each?.endsWith(':00.000Z')) ? pair : [undefined, undefined];
    },
    times: 'iso',
    size: { name: 'limit', max: 1000 },
    paging: { kind: 'offset', name: 'offset', first: 0 },
    body: ({ items, total }) => ({
      meta: { num_bad_records: 0, totalCount: total },
      data: items.map((each) => ({ attributes: { mid: each.id, timestamp: iso(each), alerts: alerts(each) } })),
    }),
  },
  {
    // Newest first, `oldest` exclusive, at most 999, next_cursor empty on the last page, times `1234567890.123456`:
    // https://docs.slack.dev/reference/methods/conversations.history
    section: 'Slack',
    path: '/api/conversations.history',
    auth: bearer,
    range: (get) => [get('oldest'), get('latest')],
    times: 'epoch-s',
    isStartExclusive: true,
    isNewestFirst: true,
    size: { name: 'limit', max: 999 },
    paging: { kind: 'cursor', name: 'cursor', refusal: 400 },
    body: ({ items, next }) => ({
      ok: true,
      messages: items.map((each) => ({
        type: 'message',
        client_msg_id: each.id,
        ts: `${(each.at / 1000).toFixed(3)}000`,
        alerts: alerts(each),
      })),
      has_more: next !== undefined,
      response_metadata: { next_cursor: next ?? '' },
    }),
  },
  {
    // Two tokens in headers of their own; POST with skip and limit in the query; the response is the list; times in ms:
    // https://rest-api.symphony.com/main/messages/message-search-post
    section: 'Symphony',
    method: 'POST',
    path: '/agent/v1/message/search',
    auth: { headers: { sessiontoken: token, keymanagertoken: password } },
    range: (get) => [get('from'), get('to')],
    times: 'epoch-ms',
    size: { name: 'limit', max: 50 },
    paging: { kind: 'offset', name: 'skip', first: 0 },
    body: ({ items }) => items.map((each) => ({ messageId: each.id, timestamp: each.at, alerts: alerts(each) })),
  },
  {
    // The next page in a Link header (RFC 5988), absent on the last page: https://developer.webex.com/docs/rest-api-basics
    section: 'Webex',
    path: '/v1/events',
    auth: bearer,
    range: (get) => [get('from'), get('to')],
    times: 'iso',
    size: { name: 'max', max: 1000 },
    paging: { kind: 'cursor', name: 'after', refusal: 404 },
    body: ({ items }) => ({
      items: items.map((each) => ({
        id: `event-${each.id}`,
        resource: 'messages',
        data: { id: each.id, created: iso(each), alerts: alerts(each) },
      })),
    }),
    headers: ({ next, url }): Record<string, string> =>
      next === undefined
        ? {}
        : { link: `<${url.origin}/v1/events?max=1>; rel="first", <${urlWith(url, { after: next }).href}>; rel="next"` },
  },
  {
    // next_page_token is empty on the last page, and expires after 15 minutes: https://developers.zoom.us/docs/api/pagination
    // Server-to-server tokens: grant_type=account_credentials: https://developers.zoom.us/docs/internal-apps/s2s-oauth
    section: 'Zoom',
    path: '/v2/chat/users/me/messages',
    auth: { tokenPath: '/oauth/token', grant: 'account_credentials', secretIn: 'header' },
    range: (get) => [get('from'), get('to')],
    times: 'iso',
    size: { name: 'page_size', max: 50 },
    paging: { kind: 'cursor', name: 'next_page_token', refusal: 400 },
    body: ({ items, next }) => ({
      messages: items.map((each) => ({ id: each.id, date_time: iso(each), alerts: alerts(each) })),
      page_size: items.length,
      next_page_token: next ?? '',
    }),
  },
  {
    // Pages from 1, records, paging.totalElements: https://developers.ringcentral.com/guide/messaging/message-store/working-with-message-store
    section: 'RingCentral',
    path: '/restapi/v1.0/account/~/extension/~/message-store',
    auth: bearer,
    range: (get) => [get('dateFrom'), get('dateTo')],
    times: 'iso',
    size: { name: 'perPage', max: 1000 },
    paging: { kind: 'page', name: 'page', first: 1 },
    isNewestFirst: true,
    body: ({ items, total }) => ({
      records: items.map((each) => ({ id: each.id, creationTime: iso(each), alerts: alerts(each) })),
      paging: { totalElements: total },
      navigation: {},
    }),
  },
  {
    // Basic; filters by day, `DateSent>=` and `DateSent<=`; a relative next_page_uri, null on the last page; RFC 2822 dates:
    // https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
    section: 'Twilio',
    path: '/2010-04-01/Accounts/AC1/Messages.json',
    auth: basic,
    range: (get) => [get('DateSent>'), get('DateSent<')],
    times: 'date',
    size: { name: 'PageSize', max: 1000 },
    paging: { kind: 'cursor', name: 'PageToken', refusal: 400 },
    isNewestFirst: true,
    body: ({ items, next, url }) => {
      const { pathname, search } = urlWith(url, { PageToken: next ?? '' });
      return {
        messages: items.map((each) => ({
          sid: each.id,
          date_sent: new Date(each.at).toUTCString().replace('GMT', '+0000'),
          alerts: alerts(each),
        })),
        next_page_uri: next === undefined ? null : pathname + search,
      };
    },
  },
  {
    // Cursor pages of at most 1,000; after_cursor is stated on the last page, too, where has_more is false; it expires in an hour:
    // https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/#export-search-results
    // https://developer.zendesk.com/api-reference/introduction/pagination/
    section: 'Zendesk',
    path: '/api/v2/search/export.json',
    auth: basic,
    range: (get) => sides(get('query'), /^created>=(\S+) created<(\S+)$/),
    times: 'iso',
    size: { name: 'page[size]', max: 1000 },
    paging: { kind: 'cursor', name: 'page[after]', refusal: 400 },
    body: ({ items, next, total }) => ({
      results: items.map((each) => ({ id: each.id, created_at: iso(each), alerts: alerts(each) })),
      meta: {
        has_more: next !== undefined,
        after_cursor: items.length === 0 ? null : (next ?? Buffer.from(`skip:${total}`).toString('base64url')),
      },
    }),
  },
  {
    // start (from 0), limit and count; links by relation, which no pointer finds; a filter language:
    // https://developer.sas.com/rest-apis and http://support.sas.com/documentation/cdl/en/masag/69596/HTML/default/n0js6won15ked6n11mdud9xyqea6.htm
    section: 'SAS Viya',
    path: '/svi-datahub/documents',
    auth: { tokenPath: '/SASLogon/oauth/token', grant: 'client_credentials', secretIn: 'header' },
    range: (get) =>
      sides(get('filter'), /^and\(ge\(creationTimeStamp,'([^']+)'\),lt\(creationTimeStamp,'([^']+)'\)\)$/),
    times: 'iso',
    size: { name: 'limit', max: 1000 },
    paging: { kind: 'offset', name: 'start', first: 0 },
    body: ({ items, total }) => ({
      version: 2,
      count: total,
      items: items.map((each) => ({ id: each.id, creationTimeStamp: iso(each), alerts: alerts(each) })),
      links: [{ rel: 'next', href: '/svi-datahub/documents?start=10' }],
    }),
  },
  {
    // Not a public API: unusual in every respect.
    section: 'An API of your own',
    path: '/mail',
    auth: { headers: { 'x-api-key': token } },
    range: (get) => [get('since'), get('before')],
    times: 'epoch-s',
    size: { name: 'n', max: 7 },
    paging: { kind: 'offset', name: 'skip', first: 0 },
    body: ({ items }) =>
      items.map((each) => ({
        meta: { id: each.id, sent: Math.floor(each.at / 1000) },
        cases: each.statuses.map((status, n) => ({
          no: n,
          state: status === 'closed' ? 'Resolved' : 'Pending',
        })),
      })),
    headers: ({ total }) => ({ 'x-total-count': String(total) }),
  },
];
