import * as v from 'valibot';
import type { Unsearched } from '../../archive/ledger.ts';

/** The settings that determine whether searches reach an index, and whether it returns messages unchanged. */
const settingNames = [
  'index.hidden',
  'index.frozen',
  'index.verified_before_close',
  'index.number_of_shards',
  'index.mode',
  'index.mapping.source.mode',
];

/** Requests the settings of every index of an expression, including closed and hidden ones and those behind aliases. */
export const settingsPath = `_settings/${settingNames.join(',')}`;
export const settingsParameters = { expand_wildcards: 'all', flat_settings: 'true', include_defaults: 'true' } as const;

/** The response contains only indices whose mapping configures `_source`. */
export const sourcesPath = '_mapping';
export const sourcesParameters = { filter_path: '*.mappings._source' } as const;

const values = v.record(v.string(), v.unknown());

/** The response to {@link settingsPath}, by index. */
export const settingsByIndex = v.record(
  v.string(),
  v.object({ settings: v.optional(values, {}), defaults: v.optional(values, {}) }),
);

export type SettingsByIndex = v.InferOutput<typeof settingsByIndex>;

const fieldNames = v.optional(v.array(v.string()), []);

/** The response to {@link sourcesPath}, by index. */
export const sourcesByIndex = v.record(
  v.string(),
  v.object({
    mappings: v.object({
      _source: v.object({
        enabled: v.optional(v.union([v.boolean(), v.string()])),
        mode: v.optional(v.string()),
        includes: fieldNames,
        excludes: fieldNames,
      }),
    }),
  }),
);

export type SourcesByIndex = v.InferOutput<typeof sourcesByIndex>;

/**
 * The indices that an expression covers but that searches do not reach.
 * @param searched the indices in the field capabilities of the same expression: those that are open and not hidden
 */
export function unsearchedOf(all: SettingsByIndex, searched: readonly string[]): Unsearched[] {
  const isKnown = new Set(searched);
  return Object.entries(all)
    .flatMap(([index, settings]): Unsearched[] => {
      const is = (name: string) => settingOf(settings, name) === 'true';
      // Field capabilities include a frozen index, but searches skip it.
      if (is('index.frozen')) return [{ index, why: 'frozen' }];
      if (isKnown.has(index)) return [];
      if (is('index.verified_before_close')) return [{ index, why: 'closed' }];
      return [{ index, why: is('index.hidden') ? 'hidden' : 'unreadable' }];
    })
    .sort((a, b) => (a.index < b.index ? -1 : 1));
}

/** The number of shards that a search of these indices has to reach. */
export function shardsOf(all: SettingsByIndex, indices: readonly string[]): number {
  return indices.reduce((sum, index) => sum + Number(settingOf(all[index], 'index.number_of_shards') ?? 1), 0);
}

/** Indices that do not return messages unchanged. */
export interface Fidelity {
  /** Those that rebuild messages from fields, which separates the members of objects in lists. */
  readonly synthetic: readonly string[];
  /** Those that do not store messages. */
  readonly disabled: readonly string[];
  readonly filtered: readonly Filtered[];
}

/** An index that removes fields from messages; names may contain `*`. */
export interface Filtered {
  readonly index: string;
  /** The fields that it keeps; empty: all. */
  readonly includes: readonly string[];
  readonly excludes: readonly string[];
}

/** @param indices those that searches reach */
export function fidelityOf(all: SettingsByIndex, sources: SourcesByIndex, indices: readonly string[]): Fidelity {
  const sourceOf = (index: string) => sources[index]?.mappings._source;
  const isDisabled = (index: string) =>
    String(sourceOf(index)?.enabled) === 'false' || modeOf(all[index], sourceOf(index)?.mode) === 'disabled';
  return {
    synthetic: indices.filter((index) => modeOf(all[index], sourceOf(index)?.mode) === 'synthetic'),
    disabled: indices.filter(isDisabled),
    filtered: indices.flatMap((index) => {
      const { includes = [], excludes = [] } = sourceOf(index) ?? {};
      return includes.length + excludes.length === 0 ? [] : [{ index, includes, excludes }];
    }),
  };
}

/** True if a field, or an object that contains it, is removed from messages. */
export function isExcluded(name: string, includes: readonly string[], excludes: readonly string[]): boolean {
  const parts = name.split('.');
  const paths = parts.map((_, n) => parts.slice(0, n + 1).join('.'));
  const isMatched = (patterns: readonly string[]) =>
    patterns.some((pattern) => paths.some((path) => asExpression(pattern).test(path)));
  return isMatched(excludes) || (includes.length > 0 && !isMatched(includes));
}

function asExpression(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`, 's');
}

/** Older servers have the mode in the mapping instead of a setting; there, some kinds of index are synthetic by default. */
function modeOf(settings: SettingsByIndex[string] | undefined, mapped: string | undefined): string {
  const set = mapped ?? settingOf(settings, 'index.mapping.source.mode');
  if (set !== undefined) return set.toLowerCase();
  const indexMode = settingOf(settings, 'index.mode')?.toLowerCase() ?? '';
  return ['logsdb', 'time_series'].includes(indexMode) ? 'synthetic' : 'stored';
}

function settingOf(settings: SettingsByIndex[string] | undefined, name: string): string | undefined {
  const value = settings?.settings[name] ?? settings?.defaults[name];
  return value === undefined || value === null ? undefined : String(value);
}
