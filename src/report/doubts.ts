import type { Counts } from '../archive/ledger.ts';
import { counted } from '../format.ts';
import { differingText, namedText } from './comparison.ts';
import { span } from './dates.ts';
import { gapSentence } from './phrases.ts';
import { ofRoundTotals } from './round-totals.ts';
import type { Survey } from './survey.ts';

/** Returns warnings about a complete archive: one sentence or two each, without markup. */
export function doubtsOf(survey: Survey): string[] {
  return [...ofSettings(survey), ...ofGaps(survey), ...ofComparison(survey), ...ofRoundTotals(survey)];
}

/** If no message was ever archived, the settings that decide what is closed are probably wrong. */
function ofSettings({ ledger }: Survey): string[] {
  const records = [...ledger.values()];
  const sum = (key: keyof Counts) => records.reduce((total, { counts }) => total + (counts?.[key] ?? 0), 0);
  const [read, invalid, unalerted] = [sum('read'), sum('invalid'), sum('unalerted')];
  if (read === 0 || records.some(({ rows }) => rows > 0)) return [];
  const none = `Nothing is archived yet: none of ${counted(read, 'message')}`;
  // A fault of its own.
  if (invalid === read) return [];
  if (invalid + unalerted === read) return [`${none} has an alert. Check message-alerts.`];
  return [`${none} has only closed alerts. Check alert-status and closed-statuses, or wait until alerts are closed.`];
}

function ofGaps({ gaps }: Survey): string[] {
  const [first] = gaps;
  return first === undefined ? [] : [gapSentence(gaps.length, span(first))];
}

function ofComparison({ comparison }: Survey): string[] {
  if (comparison === undefined) return [];
  if ('failure' in comparison) return [`The sources were not compared: ${comparison.failure}`];
  const { differing, settled } = comparison;
  if (differing.count === 0) return [];
  return [
    `${differingText(differing, settled)}: ${namedText(differing).join(', ')}. Find out which source is up to date.`,
  ];
}
