import type { StagedMessage } from '../archive/ledger.ts';
import { DAY_MS } from '../windows/interval.ts';
import { type Layout, slotById } from '../windows/slots.ts';
import { counted, number } from '../words.ts';
import { slotLink } from './calendar.ts';
import { age, date } from './dates.ts';
import { type Content, type Html, html, shown } from './html.ts';

const oldestMax = 25;
const idCharactersMax = 100;
const alertsMax = 3;
/** Where the ages end at which waiting messages are counted; the last one has no end. */
const ages: readonly (readonly [name: string, days: number])[] = [
  ['up to 7 days', 7],
  ['7 to 30 days', 30],
  ['30 to 90 days', 90],
  ['90 days to 1 year', 365],
  ['1 to 3 years', 1_096],
  ['over 3 years', Number.POSITIVE_INFINITY],
];

/** The messages that wait for their alerts: how many of which age, and the oldest by name. */
export function waitingMessages(staged: readonly StagedMessage[], layout: Layout, now: number): Html {
  if (staged.length === 0) return html`<p>No message waits for its alerts.</p>`;
  const oldest = oldestOf(staged, oldestMax);
  const title = oldest.length === staged.length ? 'The oldest first' : `The ${number(oldest.length)} oldest`;
  return html`${ageTable(staged, now)}
<h3>${title}</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Waiting messages, the oldest first"><table class="oldest">
<thead><tr><th scope="col">Message</th><th scope="col">Of</th><th scope="col">Age</th><th scope="col">Open alerts</th><th scope="col">Seen to wait</th><th scope="col">Slot</th></tr></thead>
<tbody>
${oldest.map((message) => row(message, layout, now))}</tbody>
</table></div>`;
}

/** The oldest staged messages by their own time, the oldest first. */
export function oldestOf(staged: readonly StagedMessage[], count: number): StagedMessage[] {
  return staged
    .map((message) => ({ message, at: timeOf(message) }))
    .sort((a, b) => a.at - b.at || (a.message.message_id < b.message.message_id ? -1 : 1))
    .slice(0, count)
    .map(({ message }) => message);
}

/** Ms since 1970. */
export function timeOf({ timestamp }: StagedMessage): number {
  return Number(BigInt(timestamp) / 1000n);
}

function ageTable(staged: readonly StagedMessage[], now: number): Html {
  const counts = ages.map(() => 0);
  for (const message of staged) {
    const days = (now - timeOf(message)) / DAY_MS;
    counts[ages.findIndex(([, end]) => days < end)]! += 1;
  }
  const most = Math.max(...counts);
  return html`<table class="ages">
<thead><tr><th scope="col">Age</th><th scope="col" class="n">Messages</th><td></td></tr></thead>
<tbody>
${ages.map(([name], n) => html`<tr><th scope="row">${name}</th><td class="n">${number(counts[n]!)}</td><td aria-hidden="true"><svg width="100%" height="12"><rect class="waiting" width="${Math.round((counts[n]! * 1000) / most) / 10}%" height="12"/></svg></td></tr>\n`)}</tbody>
</table>`;
}

function row(message: StagedMessage, layout: Layout, now: number): Html {
  const at = timeOf(message);
  const seen = Date.parse(message.first_seen);
  return html`<tr><th scope="row"><code>${shown(message.message_id, idCharactersMax)}</code></th><td>${date(at)}</td><td>${age(at, now)}</td><td>${alertsOf(message)}</td><td>${counted(message.checks, 'time')}, first on ${date(seen)}</td><td>${slotLink(slotById(message.slot, layout))}</td></tr>
`;
}

function alertsOf({ open_alerts, open_alert_count, reason, vanished_at }: StagedMessage): Content {
  const named = open_alerts.slice(0, alertsMax);
  const more = open_alert_count - named.length;
  return [
    named.map((id, n) => html`${n > 0 ? ', ' : ''}<code>${shown(id, idCharactersMax)}</code>`),
    more > 0 ? ` and ${number(more)} more` : undefined,
    reason === 'reopened' ? html` <span class="note">archived, and opened again</span>` : undefined,
    vanished_at === undefined
      ? undefined
      : html` <span class="note">the source no longer shows it, since ${date(Date.parse(vanished_at))}</span>`,
  ];
}
