import { messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Say } from '../http/retry.ts';
import type { Issue, IssueText, Staging, Tracker } from '../ports.ts';
import { GithubClient, Refused } from './client.ts';
import type { GithubSettings } from './settings.ts';

const pageSize = 100;
/** The maximum number of pages of issues with the label. */
const pagesMax = 100;
const labelColor = 'b60205';
const labelDescription = 'An incomplete message archive';
/** The largest assumed difference between this machine's clock and GitHub's. */
const clockSkewMsMax = 3_600_000;

/** Status codes for an issue that was transferred, was deleted or never existed. */
const absent: ReadonlySet<number> = new Set([301, 404, 410]);
/** The staging's note with the issue's number. */
const noteName = 'tracking-issue';

/** The store of the issue's number. */
export type Notes = Pick<Staging, 'note' | 'keepNote'>;

export interface TrackerSettings extends GithubSettings {
  /** The archive's id: each archive has its own issue in a repository. */
  readonly archive: string;
  readonly notes: Notes;
  readonly clock: Clock;
  /** Receives a line for each long wait. */
  readonly say: Say;
}

/**
 * The issue of one archive in a repository on GitHub. It is found by the number that the staging keeps, or else among the
 * issues with the label by the archive's mark in the body. In a public repository anybody can open an issue with that mark,
 * so only issues opened by the token's own account count.
 */
export class GithubTracker implements Tracker {
  readonly #client: GithubClient;
  readonly #clock: Clock;
  readonly #repository: { readonly owner: string; readonly repo: string };
  readonly #label: string;
  readonly #mark: string;
  readonly #notes: Notes;
  readonly #say: Say;

  constructor(settings: TrackerSettings) {
    const { archive, notes, clock, say } = settings;
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
    const since = new Date(this.#clock.now() - clockSkewMsMax).toISOString();
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

  /** The issue whose number is stored; undefined if it does not exist or no longer belongs to the archive. */
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
      if (error instanceof Refused && absent.has(error.statusCode)) return undefined;
      throw error;
    }
  }

  /** The oldest of the account's issues with the archive's mark. Stores its number, and closes the others. */
  async #listed(author?: number): Promise<Found | undefined> {
    const [oldest, ...younger] = await this.#all(author);
    if (oldest === undefined) return undefined;
    await this.#keep(oldest);
    for (const { number, isOpen } of younger) if (isOpen) await this.#closeDuplicate(number, oldest.number);
    return oldest;
  }

  /** Stores the number for the next run, which otherwise finds the issue by its label. */
  async #keep({ number, author }: Found): Promise<void> {
    const note: Note = { repository: this.#name, number, author };
    await this.#notes
      .keepNote(noteName, JSON.stringify(note))
      .catch((error: unknown) => this.#say(`The number of the tracking issue was not stored: ${messageOf(error)}`));
  }

  get #name(): string {
    return `${this.#repository.owner}/${this.#repository.repo}`;
  }

  /**
   * All issues with the archive's mark that an account opened, the oldest first.
   * @param author the account's id; by default, the token's own
   */
  async #all(author?: number): Promise<Found[]> {
    const marked = await this.#marked();
    if (marked.length === 0) return [];
    const account = author ?? (await this.#client.account());
    return marked.filter((issue) => issue.author === account).sort((a, b) => a.number - b.number);
  }

  /** All issues with the label and the archive's mark, from any account. */
  async #marked(): Promise<Found[]> {
    const query = { ...this.#repository, labels: this.#label, state: 'all', per_page: pageSize } as const;
    const marked: Found[] = [];
    let pages = 0;
    for await (const { data } of this.#client.octokit.paginate.iterator(this.#issues.listForRepo, query)) {
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
      'set `issue-label` to a label that is used for nothing else',
    );
  }

  async #closeDuplicate(number: number, older: number): Promise<void> {
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
    // Another run may create it first.
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

/** The stored note: the issue, and the account that opened it. */
interface Note {
  /** `owner/name` */
  readonly repository: string;
  readonly number: number;
  readonly author: number | undefined;
}

/** Undefined if there is no note, or none that this version can read. */
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
  /** The id of the account that opened it; undefined if the account was deleted. */
  readonly author: number | undefined;
}

/** An issue in the form of the API. */
function found({ number, state, body, user }: ApiIssue): Found {
  return { number, isOpen: state === 'open', body: body ?? '', author: user?.id };
}

interface ApiIssue {
  readonly number: number;
  readonly state: string;
  readonly body?: string | null;
  readonly user: { readonly id: number } | null;
}

function nameOf(label: string | { readonly name?: string }): string | undefined {
  return typeof label === 'string' ? label : label.name;
}

/** True once the request succeeded; undefined if GitHub refused it with that status code. */
async function trueUnless(status: number, request: Promise<unknown>): Promise<true | undefined> {
  try {
    await request;
    return true;
  } catch (error) {
    if (error instanceof Refused && error.statusCode === status) return undefined;
    throw error;
  }
}
