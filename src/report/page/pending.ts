import type { StagedMessage } from '../../archive/ledger.ts';
import { counted, number } from '../../format.ts';
import { type Layout, slotById } from '../../windows/slot.ts';
import { byAge } from '../ages.ts';
import { age, date } from '../dates.ts';
import { type Survey, timeOf } from '../survey.ts';
import { slotLink } from './calendar.ts';
import { type Content, type Html, html, shown } from './html.ts';

const oldestMax = 25;
const idCharactersMax = 100;
const alertsMax = 3;

/** Returns the pending messages: their number by age, and the oldest ones by name. */
export function pendingMessages({ staged, now }: Survey, layout: Layout): Html {
  if (staged.length === 0) return html`<p>No messages are pending.</p>`;
  const oldest = staged.slice(0, oldestMax);
  const title = oldest.length === staged.length ? 'Oldest first' : `The ${number(oldest.length)} oldest`;
  return html`${ageTable(staged, now)}
<h3>${title}</h3>
<div class="scroll whole" tabindex="0" role="region" aria-label="Pending messages, oldest first"><table class="oldest">
<thead><tr><th scope="col">Message</th><th scope="col">Sent</th><th scope="col">Age</th><th scope="col">Open alerts</th><th scope="col">Found open</th><th scope="col">Slot</th></tr></thead>
<tbody>
${oldest.map((message) => row(message, layout, now))}</tbody>
</table></div>`;
}

function ageTable(staged: readonly StagedMessage[], now: number): Html {
  const groups = byAge(staged, now);
  const most = Math.max(...groups.map(({ messages }) => messages.length));
  const bar = (count: number) =>
    html`<svg width="100%" height="12"><rect class="pending" width="${Math.round((count * 1000) / most) / 10}%" height="12"/></svg>`;
  return html`<table class="ages">
<thead><tr><th scope="col">Age</th><th scope="col" class="n">Messages</th><td></td></tr></thead>
<tbody>
${groups.map(({ name, messages: { length } }) => html`<tr><th scope="row">${name}</th><td class="n">${number(length)}</td><td aria-hidden="true">${bar(length)}</td></tr>\n`)}</tbody>
</table>`;
}

function row(message: StagedMessage, layout: Layout, now: number): Html {
  const at = timeOf(message);
  const seen = Date.parse(message.first_seen);
  return html`<tr><th scope="row"><code>${shown(message.message_id, idCharactersMax)}</code></th><td>${date(at)}</td><td>${age(at, now)}</td><td>${alertsOf(message)}</td><td>${counted(message.checks, 'time')} since ${date(seen)}</td><td>${slotLink(slotById(message.slot, layout))}</td></tr>
`;
}

function alertsOf({ open_alerts, open_alert_count, reason, removed_at }: StagedMessage): Content {
  const named = open_alerts.slice(0, alertsMax);
  const more = open_alert_count - named.length;
  return [
    named.map((id, n) => html`${n > 0 ? ', ' : ''}<code>${shown(id, idCharactersMax)}</code>`),
    more > 0 ? ` and ${number(more)} more` : undefined,
    reason === 'reopened' ? html` <span class="note">re-opened; its archived version stays</span>` : undefined,
    removed_at === undefined
      ? undefined
      : html` <span class="note">removed at source, ${date(Date.parse(removed_at))}</span>`,
  ];
}
