import { GithubClient, Refused } from './github/client.ts';
import type { GithubSettings } from './github/settings.ts';
import type { Nature } from './nature.ts';
import type { Issue, IssueText, Tracker } from './ports.ts';
import type { Say } from './retry.ts';

const pageSize = 100;
/** Of issues with the label. */
const pagesMax = 100;
const labelColor = 'b60205';
const labelDescription = 'A message archive that is incomplete';
/** By how much the clocks of this machine and of GitHub may differ. */
const clocksDifferMsMax = 3_600_000;

/** The issue of one archive in a repository on GitHub: of all issues with the label, the one whose body holds its mark. */
export class GithubTracker implements Tracker {
  readonly #client: GithubClient;
  readonly #nature: Nature;
  readonly #repository: { readonly owner: string; readonly repo: string };
  readonly #label: string;
  readonly #mark: string;

  /**
   * @param archive the archive's id: in one repository each archive has an issue of its own
   * @param say is told of long waits
   */
  constructor(settings: GithubSettings, archive: string, nature: Nature, say: Say) {
    this.#client = new GithubClient(settings, nature, say);
    this.#nature = nature;
    this.#repository = { owner: settings.owner, repo: settings.repository };
    this.#label = settings.label;
    this.#mark = `<!-- message-archive: ${archive} -->`;
  }

  async find(): Promise<Issue | undefined> {
    const [oldest, ...younger] = await this.#all();
    for (const { number, isOpen } of younger) if (isOpen) await this.#closeTwin(number, oldest!.number);
    return oldest;
  }

  async open({ title, body }: IssueText): Promise<number> {
    await this.#makeLabel();
    const text = { title, body: this.#marked(body), labels: [this.#label] };
    const number = await this.#client.once(
      async () => (await this.#all())[0]?.number,
      async () => (await this.#issues.create({ ...this.#repository, ...text })).data.number,
    );
    return (await this.find())?.number ?? number;
  }

  async update(number: number, { title, body }: IssueText, isOpen: boolean): Promise<void> {
    const state = isOpen ? 'open' : 'closed';
    const state_reason = isOpen ? 'reopened' : 'completed';
    await this.#change(number, { title, body: this.#marked(body), state, state_reason });
  }

  async comment(number: number, body: string): Promise<void> {
    const place = { ...this.#repository, issue_number: number };
    const since = new Date(this.#nature.now() - clocksDifferMsMax).toISOString();
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

  /** Every issue with the archive's mark, the oldest first. */
  async #all(): Promise<Issue[]> {
    const asked = { ...this.#repository, labels: this.#label, state: 'all', per_page: pageSize } as const;
    const found: Issue[] = [];
    let pages = 0;
    for await (const { data } of this.#client.octokit.paginate.iterator(this.#issues.listForRepo, asked)) {
      pages += 1;
      if (pages > pagesMax) throw this.#tooMany();
      for (const { number, state, body, pull_request } of data) {
        if (pull_request === undefined && body?.includes(this.#mark))
          found.push({ number, isOpen: state === 'open', body });
      }
    }
    return found.sort((a, b) => a.number - b.number);
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

  #marked(body: string): string {
    return `${this.#mark}\n${body}`;
  }
}

interface Changes extends Partial<IssueText> {
  readonly state: 'open' | 'closed';
  readonly state_reason: 'reopened' | 'completed' | 'not_planned';
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
