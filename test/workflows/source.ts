import type { Answer } from '../support/http-server.ts';
import { startServer, type TestServer } from '../support/http-server.ts';
import { Truth } from '../support/model-source.ts';
import { truthAnswer } from '../support/truth-answer.ts';

/** Bearer token of a {@link Source}. */
export const token = 'a-token-that-nobody-may-see';

/** A message API over a truth that the test changes. */
export class Source {
  readonly truth = new Truth();
  /** Returns true for queries to refuse. */
  refuses: (query: URLSearchParams) => boolean = () => false;
  /** The status code of a refusal: 403 ends a plan, 422 fails the slot alone. */
  refusal: 403 | 422 = 403;
  #server!: TestServer;

  static async start(): Promise<Source> {
    const source = new Source();
    source.#server = await startServer(source.#answer());
    return source;
  }

  get url(): string {
    return this.#server.url.href;
  }

  /** Number of requested pages. */
  get asked(): number {
    return this.#server.requests.length;
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  #answer(): Answer {
    const answer = truthAnswer(this.truth);
    return (response, count, request) => {
      const isKnown = request.headers.authorization === `Bearer ${token}`;
      if (isKnown && !this.refuses(new URL(request.url!, 'http://source').searchParams)) {
        return answer(response, count, request);
      }
      response.writeHead(isKnown ? this.refusal : 401).end();
    };
  }
}
