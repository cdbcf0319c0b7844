/** The maximum number of days of a slot in a month. */
const daysMax = 31;

const colors = {
  light: `
  --ground: #f4f6f8; --card: #fff; --ink: #1b2229; --muted: #56616c; --line: #d4dae0; --link: #0b5cad;
  --good: #14619f; --bad: #b3261e;
  --complete: #2f7dc0; --live: #d5e8f8; --incomplete: #fff1d0; --incomplete-ink: #8a4b00; --failed: #b3261e;
  --failed-ink: #fff; --empty: #7f8a95; --pending: #1b2229;`,
  dark: `
  --ground: #0e1318; --card: #171e25; --ink: #e6ebf0; --muted: #9aa7b3; --line: #2e3944; --link: #7cc0ff;
  --good: #7cc0ff; --bad: #ff8a7d;
  --complete: #4d9fe0; --live: #1b3a54; --incomplete: #3a2c10; --incomplete-ink: #ffc061; --failed: #ff8a7d;
  --failed-ink: #2a0805; --empty: #778491; --pending: #f2f5f8;`,
};

/** The page's style. No state is indicated by color alone: each also has a stripe, a border or a sign. */
export const style = `
:root {${colors.light}
  color-scheme: light dark;
}
@media screen and (prefers-color-scheme: dark) { :root {${colors.dark}
} }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
header, main { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding-block: 1rem; color: var(--muted); }
header p { margin: 0; }
header b { color: var(--ink); margin-right: 0.5rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; unicode-bidi: isolate; }
a { color: var(--link); text-underline-offset: 0.15em; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
main > section, .headline { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem 1.5rem; margin: 0 0 1rem; }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 0 0 0.25rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 0.5rem; }
.hint, .meaning { color: var(--muted); }
.hint { margin: 0 0 0.75rem; }
.note { color: var(--muted); }
p.note { margin: 1rem 0 0; }
.skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }

.headline { border-left: 6px solid; }
.headline.good { border-left-color: var(--good); }
.headline.bad { border-left-color: var(--bad); }
h1 { display: flex; align-items: center; gap: 0.6rem; font-size: 1.7rem; line-height: 1.2; margin: 0; }
.sign { flex: none; width: 2rem; height: 2rem; border-radius: 50%; color: var(--card); font: 700 1.2rem/2rem system-ui, sans-serif; text-align: center; }
.good .sign { background: var(--good); }
.bad .sign { background: var(--bad); }
.good .sign::before { content: "\\2713"; }
.bad .sign::before { content: "!"; }
.headline p { margin: 0.5rem 0 0; }
.headline h2 { font-size: 1rem; margin: 1rem 0 0; }
.headline ul { margin: 0.25rem 0 0; padding-left: 1.2rem; }
.headline li { overflow-wrap: anywhere; }
.slots-named { color: var(--muted); }
.slots-named a { margin-right: 0.5rem; white-space: nowrap; }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 1rem; margin: 0 0 1rem; }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 0.9rem 1.25rem; }
.figures dt { color: var(--muted); }
.figures dd { margin: 0; color: var(--muted); }
.figures .value { color: var(--ink); font-size: 1.45rem; font-weight: 600; line-height: 1.3; }

.legend { display: flex; flex-wrap: wrap; gap: 0.4rem 1.25rem; font-size: 0.95rem; list-style: none; margin: 0 0 1rem; padding: 0; }
.legend li { display: flex; align-items: center; gap: 0.5rem; }
.legend .slot { flex: none; width: 24px; height: 24px; }

.slot { position: relative; display: block; border-radius: 4px; border: 1px solid transparent; text-align: center; font: 700 15px/22px system-ui, sans-serif; text-decoration: none; }
.complete { background: var(--complete); border-color: var(--complete); }
.live { border-color: var(--complete); background: repeating-linear-gradient(135deg, var(--complete) 0 2px, var(--live) 2px 6px); }
.incomplete { background: var(--incomplete); border: 2px dashed var(--incomplete-ink); color: var(--incomplete-ink); line-height: 20px; }
.incomplete::before { content: "?"; }
.failed { background: var(--failed); border-color: var(--failed); color: var(--failed-ink); }
.failed::before { content: "\\00d7"; }
.empty { border-color: var(--empty); color: var(--muted); }
.empty::before { content: "0"; font-weight: 400; font-size: 12px; }
.has-pending::after { content: ""; position: absolute; right: -3px; top: -3px; box-sizing: content-box; width: 6px; height: 6px; border-radius: 50%; background: var(--pending); border: 2px solid var(--card); }
.slot[aria-current] { outline: 3px solid var(--ink); outline-offset: 2px; }

.year { display: grid; grid-template-columns: 3.5rem 1fr; align-items: end; margin-top: 0.5rem; }
.year h3 { margin: 0; font-variant-numeric: tabular-nums; line-height: 26px; }
.year ol { display: grid; grid-template-columns: repeat(12, 1fr); gap: 0.5rem 0.6rem; list-style: none; margin: 0; padding: 0; }
.month { display: block; color: var(--muted); font-size: 0.8rem; }
.year:not(:first-child) .month { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.year:not(:first-child) li:not(:has(a)) .month { visibility: hidden; }
.slots { display: flex; gap: 2px; min-height: 26px; }
.side-by-side .slot { flex: 1 1 0; min-width: 24px; height: 26px; }
${Array.from({ length: daysMax }, (_, n) => `.side-by-side .days-${n + 1} { flex-grow: ${n + 1}; }`).join('\n')}
.dense .year { align-items: start; margin-top: 1rem; }
.dense .slots { display: grid; grid-template-columns: repeat(7, 1fr); }
.dense .slot { aspect-ratio: 1; border-radius: 2px; font-size: 9px; line-height: 1; }
.dense .slot::before { position: absolute; inset: 0; display: grid; place-items: center; font-size: 9px; }
.dense .incomplete { border-width: 1px; }
.dense .has-pending::after { width: 3px; height: 3px; border-width: 1px; right: -1px; top: -1px; }
${[7, 1, 2, 3, 4, 5, 6].map((column, weekday) => `.dense .weekday-${weekday} > :first-child { grid-column-start: ${column}; }`).join('\n')}

figure { margin: 1.25rem 0 0; }
.chart { width: calc(100% - 3rem); margin-left: 3rem; }
.chart { display: block; overflow: visible; }
.chart line { stroke: var(--line); }
.chart .tick { stroke: var(--empty); }
.chart text { fill: var(--muted); font: 12px system-ui, sans-serif; text-anchor: middle; }
.chart .value { text-anchor: end; font-variant-numeric: tabular-nums; }
.room { fill: transparent; }
g:hover .room { fill: var(--line); opacity: 0.6; }
.archived { fill: var(--complete); background: var(--complete); }
svg .pending { fill: url(#hatch); }
.ground { fill: var(--card); }
.stripe { fill: var(--pending); }
.keys { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 0.5rem 0; }
.key { display: inline-block; width: 14px; height: 14px; margin-right: 0.4rem; vertical-align: -2px; }
.key.pending { background: repeating-linear-gradient(135deg, var(--pending) 0 2px, var(--card) 2px 4px); border: 1px solid var(--pending); }

details { margin-top: 0.5rem; }
summary { cursor: pointer; padding: 0.25rem 0; color: var(--link); }
.scroll { overflow: auto; max-height: 30rem; margin-top: 0.5rem; border: 1px solid var(--line); border-radius: 8px; }
table { border-spacing: 0; font-size: 0.9rem; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.75rem; border-bottom: 1px solid var(--line); }
th.n { text-align: right; }
tbody th { font-weight: 400; }
.records { min-width: 100%; }
.scroll.whole { max-height: none; }
.scroll thead { position: sticky; top: 0; z-index: 2; background: var(--card); }
.scroll thead th { white-space: nowrap; }
.scroll tr { scroll-margin-top: 5rem; }
.records th[rowspan], .records tbody th { position: sticky; left: 0; background: var(--card); }
.records .error { display: block; width: 30rem; white-space: normal; }
.months { min-width: min(100%, 30rem); }
.oldest { min-width: max(100%, 52rem); }
.records th, .records td { white-space: nowrap; }
.records tr:target > * { background: var(--live); }
.ages { width: 100%; max-width: 44rem; margin-top: 0.5rem; }
.ages th { white-space: nowrap; }
.ages td:last-child { width: 60%; }
.ages svg { display: block; margin-top: 0.3rem; }

.proof { display: flex; flex-wrap: wrap; gap: 0.5rem 0.75rem; list-style: none; margin: 0.75rem 0 0; padding: 0; }
.proof .meaning { display: block; font-size: 0.9rem; }
.proof b { font-size: 1.2rem; font-variant-numeric: tabular-nums; }
.proof li + li { position: relative; padding-left: 1.4rem; }
.proof li + li::before { position: absolute; left: 0; color: var(--muted); font-size: 1.2rem; line-height: 1.8rem; content: "+"; }
.proof li:nth-child(2)::before { content: "="; }

dialog { margin: 0 0 0 auto; width: min(30rem, 100%); max-width: none; height: 100%; max-height: none; padding: 0; border: 0; background: var(--card); color: var(--ink); box-shadow: 0 0 3rem rgb(0 0 0 / 0.35); }
dialog[open] { display: flex; flex-direction: column; }
dialog::backdrop { background: rgb(0 0 0 / 0.25); }
.bar { display: flex; gap: 0.5rem; padding: 0.75rem 1.25rem; border-bottom: 1px solid var(--line); }
.bar :last-child { margin-left: auto; }
button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--empty); border-radius: 6px; padding: 0.25rem 0.75rem; cursor: pointer; }
button:hover:enabled { background: var(--ground); }
button:disabled { color: var(--muted); border-color: var(--line); cursor: default; }
#details-title { font-size: 1.3rem; padding: 1rem 1.25rem 0; margin: 0; }
#details-body { overflow: auto; padding: 0 1.25rem 1.25rem; }
#details-body h3 { margin: 1.25rem 0 0.25rem; }
#details-body dl { margin: 0; }
#details-body dl div { display: grid; grid-template-columns: 9.5rem 1fr; gap: 0.75rem; border-top: 1px solid var(--line); padding: 0.25rem 0; }
#details-body dt { color: var(--muted); }
#details-body dd { margin: 0; overflow-wrap: anywhere; white-space: normal; }
#details-body .n { text-align: left; }
#details-body .n dd { width: 6rem; text-align: right; }

@media (prefers-reduced-motion: no-preference) {
  dialog[open] { animation: enter 0.15s ease-out; }
  @keyframes enter { from { transform: translateX(2rem); opacity: 0; } }
}
@media (max-width: 60rem) {
  .year { grid-template-columns: 1fr; margin-top: 1rem; }
  .year ol { grid-template-columns: repeat(6, 1fr); }
  .year:last-child:not(:first-child) li:not(:has(a)) { display: none; }
  .year:not(:first-child) .month { position: static; width: auto; height: auto; clip-path: none; }
}
@media (max-width: 36rem) {
  header, main { padding-inline: 0.75rem; }
  main > section, .headline { padding: 1rem; }
  .year ol { grid-template-columns: repeat(4, 1fr); }
  h1 { font-size: 1.4rem; }
  .figures { grid-template-columns: 1fr 1fr; gap: 0.5rem; }
  .figures div { padding: 0.75rem; }
  .figures .value { font-size: 1.15rem; }
  .ages th, .ages td { padding-inline: 0.25rem; }
}
@media (forced-colors: active) {
  .slot, .key, rect { forced-color-adjust: none; }
}
@media print {
  body { background: #fff; }
  main > section, .headline, .figures div, .year, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .slot, .key, .sign, rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .hint span, dialog[open] { display: none; }
  .scroll { max-height: none; overflow: visible; }
  .oldest { min-width: 0; font-size: 0.75rem; }
}
`;
