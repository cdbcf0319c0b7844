import * as v from 'valibot';
import type { LedgerRecord, StagedMessage } from '../archive/ledger.ts';
import { UserError } from '../errors.ts';
import { DAY_MS, instant } from '../windows/interval.ts';
import { reasons } from '../windows/planner.ts';
import { type Slot, slotById } from '../windows/slots.ts';
import { unpacked } from './packed.ts';
import type { Parts } from './parts.ts';
import type { PlanOutput } from './plan.ts';
import { emptyBetween, neverHeldAny, type SlotStatus, statusOf } from './status.ts';
import { bytes, counted, duration, number } from './words.ts';
import { period } from './work.ts';

/** Rows of the summary's table: GitHub takes 1 MiB. */
const windowRowsMax = 100;
const problemsMax = 20;
/** Ages at which waiting messages are counted, in days. */
const ages = [7, 30, 90, 365];

const planOutput = v.object({
  planned_at: v.string(),
  slots: v.array(v.tuple([v.string(), v.picklist(['read', 'look-again']), v.picklist(reasons)])),
}) satisfies v.GenericSchema<unknown, PlanOutput>;

/** What the report found. */
export interface Report {
  readonly isComplete: boolean;
  /** Markdown, for the job's summary. */
  readonly summary: string;
  readonly outputs: Record<string, string>;
  /** Why the run is red; none where it is not. */
  readonly problems: readonly string[];
}

/**
 * Reads the `plan` input.
 * @throws UserError naming it
 */
export function parsePlan(text: string): PlanOutput {
  try {
    return v.parse(planOutput, unpacked(text));
  } catch {
    throw new UserError(
      'The input plan is not what the command plan gives as its output plan: pass that output unchanged.',
    );
  }
}

/** Holds the ledger against the plan, and leaves what it found in the archive as `_report/ledger.json`. */
export async function report(parts: Parts, plan: PlanOutput): Promise<Report> {
  const state = await parts.staging.state();
  const ledger = new Map(state.ledger.map((record) => [record.slot, record]));
  const slots = state.ledger.map(({ slot }) => slotById(slot, parts.settings.layout)).sort((a, b) => a.start - b.start);
  const status = statusOf(plan, ledger);
  const problems = problemsOf(parts, status, state.ledger);
  const isComplete = problems.length === 0 && status.every((one) => one.status === 'done');
  const oldest = oldestOf(state.staged);
  for (const slot of emptyBetween(slots, ledger)) {
    parts.log.warning(
      `Slot ${slot.id} (${period(slot)}) holds no message, though slots before and after it do: see whether the source has a gap.`,
    );
  }
  await writeLedger(parts, state.ledger, state.staged, isComplete);
  return {
    isComplete,
    problems,
    outputs: { complete: String(isComplete), 'oldest-open': oldest === undefined ? '' : timeOf(oldest) },
    summary: summarize(parts, isComplete, status, problems, slots, ledger, state.staged),
  };
}

function problemsOf(parts: Parts, status: readonly SlotStatus[], ledger: readonly LedgerRecord[]): string[] {
  const failed = status.filter((one) => one.status === 'failed').map(({ record }) => record!.last_error!.message);
  if (!neverHeldAny(ledger)) return failed;
  return [
    ...failed,
    `No slot of ${parts.archive.url} ever held a message: see that the source's address, query and JSON pointers are right.`,
  ];
}

function oldestOf(staged: readonly StagedMessage[]): StagedMessage | undefined {
  return staged.reduce<StagedMessage | undefined>(
    (oldest, message) =>
      oldest === undefined || BigInt(message.timestamp) < BigInt(oldest.timestamp) ? message : oldest,
    undefined,
  );
}

function timeOf(message: StagedMessage): string {
  return instant(Number(BigInt(message.timestamp) / 1000n));
}

async function writeLedger(
  parts: Parts,
  ledger: readonly LedgerRecord[],
  staged: readonly StagedMessage[],
  complete: boolean,
): Promise<void> {
  const file = { archive: parts.archive.url, written_at: instant(parts.now()), complete, ledger, staged };
  await parts.archive.put('_report/ledger.json', Buffer.from(`${JSON.stringify(file, null, 1)}\n`), 'application/json');
}

function summarize(
  parts: Parts,
  isComplete: boolean,
  status: readonly SlotStatus[],
  problems: readonly string[],
  slots: readonly Slot[],
  ledger: ReadonlyMap<string, LedgerRecord>,
  staged: readonly StagedMessage[],
): string {
  const left = status.filter((one) => one.status === 'not read').length;
  const lines = [`## Message Archive: ${isComplete ? '✅ complete' : '❌ incomplete'}`, ''];
  if (isComplete)
    lines.push(
      `Every slot of the plan (${number(status.length)}) was read and proven; the archive is \`${parts.archive.url}\`.`,
    );
  for (const problem of problems.slice(0, problemsMax)) lines.push(`- ${asText(problem)}`);
  if (problems.length > problemsMax)
    lines.push(`- and ${counted(problems.length - problemsMax, 'other slot')} failed; see \`_report/ledger.json\`.`);
  if (left > 0)
    lines.push(
      `- ${counted(left, 'slot')} of the plan ${left === 1 ? 'was' : 'were'} not read: run again, which goes on where this run ended.`,
    );
  lines.push('', ...windowTable(slots, ledger, staged), '', ...ageTable(parts, staged));
  return `${lines.join('\n')}\n`;
}

function windowTable(
  slots: readonly Slot[],
  ledger: ReadonlyMap<string, LedgerRecord>,
  staged: readonly StagedMessage[],
): string[] {
  const waiting = Map.groupBy(staged, ({ slot }) => slot);
  const windows = [...Map.groupBy(slots, ({ window }) => window)];
  const shown = windows.slice(-windowRowsMax);
  const earlier = windows.slice(0, -windowRowsMax).flatMap(([, group]) => group);
  const groups: (readonly [string, readonly Slot[]])[] = earlier.length > 0 ? [['earlier', earlier], ...shown] : shown;
  return [
    '| window | archived | waiting | unalerted | invalid | objects | in → out | time |',
    '|---|--:|--:|--:|--:|--:|--:|--:|',
    ...groups.map(([name, group]) => {
      const records = group.map(({ id }) => ledger.get(id)!);
      const sum = (value: (record: LedgerRecord) => number) =>
        records.reduce((total, record) => total + value(record), 0);
      const cells = [
        name,
        number(sum(({ rows }) => rows)),
        number(group.reduce((total, { id }) => total + (waiting.get(id)?.length ?? 0), 0)),
        number(sum(({ counts }) => counts?.unalerted ?? 0)),
        number(sum(({ counts }) => counts?.invalid ?? 0)),
        number(sum(({ rows }) => (rows > 0 ? 1 : 0))),
        `${bytes(sum(({ bytes_in }) => bytes_in))} → ${bytes(sum(({ bytes_out }) => bytes_out))}`,
        duration(sum(({ took_ms }) => took_ms)),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
}

function ageTable(parts: Parts, staged: readonly StagedMessage[]): string[] {
  if (staged.length === 0) return ['No message waits for its alerts.'];
  const ageDays = (message: StagedMessage) => (parts.now() - Number(BigInt(message.timestamp) / 1000n)) / DAY_MS;
  const bounds = [0, ...ages, Number.POSITIVE_INFINITY];
  const rows = bounds.slice(1).map((to, n) => {
    const count = staged.filter((message) => ageDays(message) >= bounds[n]! && ageDays(message) < to).length;
    return `| ${to === Number.POSITIVE_INFINITY ? `over ${bounds[n]} days` : `${bounds[n]} to ${to} days`} | ${number(count)} |`;
  });
  return ['| age of messages that wait | messages |', '|---|--:|', ...rows];
}

/** Text that Markdown takes as text. */
function asText(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>|#]/g, (character) => `\\${character}`);
}
