import type { Counts } from '../archive/ledger.ts';
import { counted, number } from '../format.ts';
import { differingText, namedText } from './comparison.ts';
import { span } from './dates.ts';
import { ofRoundTotals } from './round-totals.ts';
import type { Survey } from './survey.ts';

/** What may be wrong though every message is accounted for: a sentence each, without markup. */
export function doubtsOf(survey: Survey): string[] {
  return [...ofSettings(survey), ...ofGaps(survey), ...ofComparison(survey), ...ofRoundTotals(survey)];
}

/** Where not one message was archived, what tells a closed one from others is hardly what was meant. */
function ofSettings({ ledger }: Survey): string[] {
  const records = [...ledger.values()];
  const sum = (key: keyof Counts) => records.reduce((total, { counts }) => total + (counts?.[key] ?? 0), 0);
  const [read, invalid, unalerted] = [sum('read'), sum('invalid'), sum('unalerted')];
  if (read === 0 || records.some(({ rows }) => rows > 0)) return [];
  const none = `Nothing is archived yet: of ${counted(read, 'message')}`;
  // That is a fault of its own.
  if (invalid === read) return [];
  if (invalid + unalerted === read) return [`${none} none has an alert; see message-alerts.`];
  return [`${none} none has all its alerts closed; see alert-status and closed-statuses, or wait for them.`];
}

function ofGaps({ gaps }: Survey): string[] {
  const [first] = gaps;
  if (first === undefined) return [];
  const which = gaps.length === 1 ? `${span(first)} holds` : `${number(gaps.length)} slots, ${span(first)} first, hold`;
  return [`${which} no message, though slots before and after hold some: see whether the source has a gap.`];
}

function ofComparison({ comparison }: Survey): string[] {
  if (comparison === undefined) return [];
  if ('failure' in comparison) return [`The sources were not compared: ${comparison.failure}`];
  const { differing } = comparison;
  if (differing.count === 0) return [];
  return [`${differingText(differing)}: ${namedText(differing).join(', ')}. Find out which source is up to date.`];
}
