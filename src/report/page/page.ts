import { createHash } from 'node:crypto';
import { moment } from '../dates.ts';
import { isComplete, type Survey } from '../survey.ts';
import { calendar } from './calendar.ts';
import { chart } from './chart.ts';
import { type Setting, slotsOf, totalsOf } from './coverage.ts';
import { figures, proof } from './figures.ts';
import { headline } from './headline.ts';
import { html, trusted } from './html.ts';
import { pendingMessages } from './pending.ts';
import { records } from './records.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/** Allows only the page's own style and script, no requests, and no text as markup. */
const policy = [
  "default-src 'none'",
  `style-src '${hashOf(style)}'`,
  `script-src '${hashOf(script)}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** Inline icons, so that browsers do not request one. */
const icons = { good: iconOf('#1f6fb2'), bad: iconOf('#b3261e') };

/** Returns the coverage page: one HTML file that needs no network and works without its script. */
export function coveragePage(survey: Survey, setting: Setting): string {
  const slots = slotsOf(survey, setting);
  const totals = totalsOf(survey);
  const isGood = isComplete(survey);
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${isGood ? 'complete' : 'incomplete'}: ${survey.archive} · Message Archive</title>
<link rel="icon" href="${isGood ? icons.good : icons.bad}">
<style>${trusted(style)}</style>
</head>
<body>
<header><p><b>Message Archive</b> <code>${survey.archive}</code></p><p>Updated ${moment(survey.now)}</p></header>
<main>
${headline(survey, slots)}
${figures(survey, slots, totals)}
<section aria-labelledby="calendar"><h2 id="calendar">Slots by year and month</h2>
<p class="hint" id="calendar-hint">Each slot is one object of the archive. Select one to see its ledger record.<span hidden> Arrow keys, Home and End move between slots.</span></p>
<a class="skip" href="#months">Skip the calendar</a>
${calendar(slots, setting.recentDays)}</section>
<section aria-labelledby="months"><h2 id="months">Messages by month</h2>
${chart(slots)}</section>
<section aria-labelledby="pending"><h2 id="pending">Pending messages</h2>
<p class="hint">Messages with open alerts. They are re-checked by every run, and archived once all their alerts are closed.</p>
${pendingMessages(survey, setting.layout)}</section>
<section aria-labelledby="proof"><h2 id="proof">Messages by outcome</h2>
<p class="hint">Every message read has one outcome; the ledger proves the sum for each slot.</p>
${proof(totals)}</section>
<section aria-labelledby="ledger"><h2 id="ledger">Ledger</h2>
<p class="hint">One record per slot. <a href="ledger.json">ledger.json</a> has the same in machine-readable form.</p>
${records(slots, setting.format)}</section>
</main>
<dialog id="details" aria-labelledby="details-title">
<div class="bar"><button type="button">← Earlier</button><button type="button">Later →</button><button type="button">Close</button></div>
<h2 id="details-title" tabindex="-1"></h2>
<div id="details-body"></div>
</dialog>
<script>${trusted(script)}</script>
</body>
</html>
`;
  return text;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function iconOf(color: string): string {
  const drawn = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="${color}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(drawn)}`;
}
