import { messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Say } from '../http/retry.ts';
import type { Issue, IssueText, Staging, Tracker } from '../ports.ts';
import { GithubClient, Refused } from './client.ts';
import type { GithubSettings } from './settings.ts';

const pageSize = 100;
/** Of issues with the label. */
const pagesMax = 100;
const labelColor = 'b60205';
const labelDescription = 'A message archive that is incomplete';
/** By how much the clocks of this machine and of GitHub may differ. */
const clocksDifferMsMax = 3_600_000;

/** Answers to a request for an issue that was transferred, deleted or never there. */
const absent: ReadonlySet<number> = new Set([301, 404, 410]);
/** Under which the staging keeps the issue's number. */
const noteName = 'tracking-issue';

/** Where the number of the issue is kept. */
export type Notes = Pick<Staging, 'note' | 'keepNote'>;

/**
 * The issue of one archive in a repository on GitHub: the one whose number the staging keeps, else of all issues with the
 * label the one whose body holds the archive's mark. In a public repository anybody may open an issue with that mark, so
 * only one that the token's own account opened counts.
 */
export class GithubTracker implements Tracker {
  readonly #client: GithubClient;
  readonly #clock: Clock;
  readonly #repository: { readonly owner: string; readonly repo: string };
  readonly #label: string;
  readonly #mark: string;
  readonly #notes: Notes;
  readonly #say: Say;

  /**
   * @param archive the archive's id: in one repository each archive has an issue of its own
   * @param say is told of long waits
   */
  constructor(settings: GithubSettings, archive: string, notes: Notes, clock: Clock, say: Say) {
    this.#client = new GithubClient(settings, clock, say);
    this.#notes = notes;
    this.#clock = clock;
    this.#say = say;
    this.#repository = { owner: settings.owner, repo: settings.repository };
    this.#label = settings.label;
    this.#mark = `<!-- message-archive: ${archive} -->`;
  }

  async find(): Promise<Issue | undefined> {
    return (await this.#noted()) ?? this.#listed();
  }

  async open({ title, body }: IssueText): Promise<number> {
    await this.#makeLabel();
    const text = { title, body: this.#withMark(body), labels: [this.#label] };
    const opened = await this.#client.once(
      async () => (await this.#all())[0],
      async () => found((await this.#issues.create({ ...this.#repository, ...text })).data),
    );
    const oldest = await this.#listed(opened.author);
    if (oldest !== undefined) return oldest.number;
    await this.#keep(opened);
    return opened.number;
  }

  async update(number: number, { title, body }: IssueText, isOpen: boolean): Promise<void> {
    const state = isOpen ? 'open' : 'closed';
    const state_reason = isOpen ? 'reopened' : 'completed';
    await this.#change(number, { title, body: this.#withMark(body), state, state_reason });
  }

  async comment(number: number, body: string): Promise<void> {
    const place = { ...this.#repository, issue_number: number };
    const since = new Date(this.#clock.now() - clocksDifferMsMax).toISOString();
    await this.#client.once(
      async () => {
        const { data } = await this.#issues.listComments({ ...place, since, per_page: pageSize });
        return data.find((comment) => comment.body === body)?.id;
      },
      async () => (await this.#issues.createComment({ ...place, body })).data.id,
    );
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  get #issues() {
    return this.#client.octokit.rest.issues;
  }

  /** The issue whose number an earlier run kept; undefined if it is gone, or no longer the archive's. */
  async #noted(): Promise<Found | undefined> {
    const note = readNote(await this.#notes.note(noteName));
    if (note === undefined || note.repository !== this.#name) return undefined;
    const { number, author } = note;
    try {
      const { data } = await this.#issues.get({ ...this.#repository, issue_number: number });
      const isMarked = data.body?.includes(this.#mark) || data.labels.some((label) => nameOf(label) === this.#label);
      const isOurs = data.number === number && data.user?.id === author && data.pull_request === undefined;
      return isMarked && isOurs ? found(data) : undefined;
    } catch (error) {
      if (error instanceof Refused && absent.has(error.answered)) return undefined;
      throw error;
    }
  }

  /** The oldest of the account's issues with the archive's mark, whose number is kept; the others are closed. */
  async #listed(author?: number): Promise<Found | undefined> {
    const [oldest, ...younger] = await this.#all(author);
    if (oldest === undefined) return undefined;
    await this.#keep(oldest);
    for (const { number, isOpen } of younger) if (isOpen) await this.#closeTwin(number, oldest.number);
    return oldest;
  }

  /** Keeps the number for the next run. Without it that run finds the issue by its label. */
  async #keep({ number, author }: Found): Promise<void> {
    const note: Note = { repository: this.#name, number, author };
    await this.#notes
      .keepNote(noteName, JSON.stringify(note))
      .catch((error: unknown) => this.#say(`The number of the tracking issue was not kept: ${messageOf(error)}`));
  }

  get #name(): string {
    return `${this.#repository.owner}/${this.#repository.repo}`;
  }

  /**
   * Every issue that the account opened with the archive's mark, the oldest first.
   * @param author the account's id; the token's own if absent
   */
  async #all(author?: number): Promise<Found[]> {
    const marked = await this.#marked();
    if (marked.length === 0) return [];
    const account = author ?? (await this.#client.account());
    return marked.filter((issue) => issue.author === account).sort((a, b) => a.number - b.number);
  }

  /** Every issue with the label and the archive's mark, whoever opened it. */
  async #marked(): Promise<Found[]> {
    const asked = { ...this.#repository, labels: this.#label, state: 'all', per_page: pageSize } as const;
    const marked: Found[] = [];
    let pages = 0;
    for await (const { data } of this.#client.octokit.paginate.iterator(this.#issues.listForRepo, asked)) {
      pages += 1;
      if (pages > pagesMax) throw this.#tooMany();
      for (const issue of data) {
        if (issue.pull_request === undefined && issue.body?.includes(this.#mark)) marked.push(found(issue));
      }
    }
    return marked;
  }

  #tooMany() {
    return this.#client.cannot(
      `has more than ${pagesMax * pageSize} issues with the label "${this.#label}"`,
      'set issue-label to a label that nothing else has',
    );
  }

  async #closeTwin(number: number, older: number): Promise<void> {
    await this.comment(number, `Duplicate of #${older}`);
    await this.#change(number, { state: 'closed', state_reason: 'not_planned' });
  }

  async #change(number: number, changes: Changes): Promise<void> {
    await this.#issues.update({ ...this.#repository, issue_number: number, ...changes });
  }

  async #makeLabel(): Promise<void> {
    const label = { ...this.#repository, name: this.#label };
    const find = () => trueUnless(404, this.#issues.getLabel(label));
    if (await find()) return;
    const text = { color: labelColor, description: labelDescription };
    // Where another run is faster, it is made too.
    await this.#client.once(find, async () => {
      await trueUnless(422, this.#issues.createLabel({ ...label, ...text }));
      return true;
    });
  }

  #withMark(body: string): string {
    return `${this.#mark}\n${body}`;
  }
}

interface Changes extends Partial<IssueText> {
  readonly state: 'open' | 'closed';
  readonly state_reason: 'reopened' | 'completed' | 'not_planned';
}

/** What the staging keeps: which issue, and which account opened it. */
interface Note {
  /** `owner/name` */
  readonly repository: string;
  readonly number: number;
  readonly author: number | undefined;
}

/** Undefined if there is none, or none that this version wrote. */
function readNote(text: string | undefined): Note | undefined {
  if (text === undefined) return undefined;
  try {
    const { repository, number, author } = JSON.parse(text) as Partial<Note>;
    const isNote = typeof repository === 'string' && Number.isSafeInteger(number) && Number.isSafeInteger(author);
    return isNote ? { repository, number: number!, author } : undefined;
  } catch {
    return undefined;
  }
}

interface Found extends Issue {
  /** The id of the account that opened it; undefined if that account is gone. */
  readonly author: number | undefined;
}

/** An issue, of what GitHub shows of it. */
function found({ number, state, body, user }: Shown): Found {
  return { number, isOpen: state === 'open', body: body ?? '', author: user?.id };
}

interface Shown {
  readonly number: number;
  readonly state: string;
  readonly body?: string | null;
  readonly user: { readonly id: number } | null;
}

function nameOf(label: string | { readonly name?: string }): string | undefined {
  return typeof label === 'string' ? label : label.name;
}

/** Undefined where GitHub refuses with that status. */
async function trueUnless(status: number, asked: Promise<unknown>): Promise<true | undefined> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (error instanceof Refused && error.answered === status) return undefined;
    throw error;
  }
}
