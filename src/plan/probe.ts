import type { Sources } from '../context.ts';
import { UserError } from '../errors.ts';
import { type Log, type Probed, RequestRefused, type Source, Unavailable } from '../io/ports.ts';
import type { Facts, PlannedSlot } from './decide.ts';
import { misconfigured } from './facts.ts';

const nothing: Probed = { warnings: [] };

/**
 * Reads one page of a planned slot from each source, so that a wrong setting fails the plan before any leg starts. Problems
 * with the messages themselves are reported only until closed messages have been archived.
 * @throws UserError if the source denies access, or no message can be read
 */
export async function probeSources(sources: Sources, slots: readonly PlannedSlot[], facts: Facts, log: Log) {
  const isProven = [...facts.ledger.values()].some(({ counts }) => (counts?.closed ?? 0) > 0);
  for (const source of new Set([sources.settled, sources.live])) {
    const { failure, warnings } = await probed(source, slots);
    if (isProven) continue;
    if (failure !== undefined) throw new UserError('source-response-invalid', failure);
    for (const warning of warnings) log.warning(warning);
  }
}

/** Tries the second-to-last slot first: it is more likely to be settled, and to have closed alerts. */
async function probed(source: Source, slots: readonly PlannedSlot[]): Promise<Probed> {
  const planned = slots.filter((each) => each.source === source.name && each.action === 'read').map(({ slot }) => slot);
  for (const slot of new Set([planned.at(-2), planned.at(-1), planned[Math.floor(planned.length / 2)]])) {
    if (slot === undefined) continue;
    const found = await source.probe?.(slot).catch(whereUnsure);
    if (found !== undefined) return found;
  }
  return nothing;
}

/** Ignores errors that may be temporary or concern only this slot: the leg reports them if they persist. */
function whereUnsure(error: unknown): Probed {
  const isOfSlot = error instanceof RequestRefused && !misconfigured.has(error.status);
  if (error instanceof Unavailable || isOfSlot) return nothing;
  throw error;
}
