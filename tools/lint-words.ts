import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A phrase that does not belong in this repository, and what to write instead. */
interface Rule {
  readonly phrase: RegExp;
  readonly instead: string;
}

export interface Finding {
  readonly line: number;
  readonly phrase: string;
  readonly instead: string;
}

const rules: readonly Rule[] = [
  {
    phrase: /\b(?:not to be|can(?:not)? be|none is to be) had\b/i,
    instead: 'is unavailable; cannot be installed; no … found',
  },
  { phrase: /\b(?:is|are) well\b/i, instead: 'is up; works' },
  { phrase: /\bwork(?:s|ed|ing)? off\b/i, instead: 'processes' },
  { phrase: /\bits kin\b/i, instead: 'and similar' },
  { phrase: /\bat rest\b/i, instead: 'idle' },
  { phrase: /\bput right\b/i, instead: 'fix' },
  { phrase: /\bAbsent:/, instead: 'Default:' },
  { phrase: /\bof which the\b/i, instead: 'whose; two sentences' },
  { phrase: /\b(?:is|are|was|were|been) told\b/i, instead: 'is given; is set; has' },
  { phrase: /\btells? of\b/i, instead: 'says; names; reports' },
  { phrase: /\blook(?:s|ed|ing)? again\b/i, instead: 're-checks' },
  { phrase: /\bwait(?:s|ed|ing)? for (?:its|their) alerts\b/i, instead: 'pending' },
  { phrase: /\b(?:waiting messages?|messages? (?:that wait|waiting))\b/i, instead: 'pending messages' },
  { phrase: /\b(?:is|are) to be\b/i, instead: 'must be; will be; is' },
  { phrase: /\bleft alone\b/i, instead: 'up to date; skipped; unchanged' },
  { phrase: /\bthe ones? of\b/i, instead: 'the noun itself' },
  { phrase: /\bas far as it goes\b/i, instead: 'nothing' },
  { phrase: /\bvanish(?:es|ed)?\b/i, instead: 'removed at the source' },
  { phrase: /\bbreaks? off\b/i, instead: 'ends early; connection closed' },
  { phrase: /\ba defect of\b/i, instead: 'internal error; bug in' },
  { phrase: /\bput into quarantine\b/i, instead: 'quarantined' },
  { phrase: /(?:\/\*\*|^\s*\/\/) (?:What|Of|Whether)\b/, instead: 'a sentence that says what it is or does' },
];

/** Files that people read. Licenses are quoted; the demo's vocabulary is not prose; this file and its test quote the phrases. */
const included = /\.(?:[cm]?ts|js|md|ya?ml|py|sh)$|^\.ci\/run$/;
const excluded = /^dist\/|^tools\/licenses\/.*\.txt$|^demo\/source\/lexicon\.ts$|\blint-words(?:\.test)?\.ts$/;

/** Returns the discouraged phrases in a text, in order. */
export function findingsIn(text: string): Finding[] {
  return text.split('\n').flatMap((content, at) =>
    rules.flatMap(({ phrase, instead }) => {
      const found = phrase.exec(content);
      return found === null ? [] : [{ line: at + 1, phrase: found[0].trim(), instead }];
    }),
  );
}

/** True if the phrases of a file, named by its path in the repository, are checked. */
export function isChecked(path: string): boolean {
  return included.test(path) && !excluded.test(path);
}

/** Prints the discouraged phrases in the repository, or below the paths given as arguments; exits with 1 if there are any. */
function main(): void {
  const root = join(import.meta.dirname, '..');
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z', '--', ...process.argv.slice(2)];
  const paths = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0').filter(isChecked);
  let count = 0;
  for (const path of paths) {
    for (const { line, phrase, instead } of findingsIn(readFileSync(join(root, path), 'utf8'))) {
      console.error(`${path}:${line}: "${phrase}". Write: ${instead}.`);
      count += 1;
    }
  }
  if (count === 0) return;
  console.error(`${count} discouraged phrases. The list is in tools/lint-words.ts.`);
  process.exitCode = 1;
}

if (import.meta.main) main();
