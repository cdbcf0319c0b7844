import type { Answer } from '../support/http-server.ts';
import { startServer, type TestServer } from '../support/http-server.ts';
import { Truth } from '../support/model-source.ts';
import { truthAnswer } from '../support/truth-answer.ts';

/** Bearer token of a {@link Source}. */
export const token = 'a-token-that-nobody-may-see';

/** A message API over a truth that the test changes. */
export class Source {
  readonly truth = new Truth();
  /** Returns true for queries to respond to with 403. */
  refuses: (query: URLSearchParams) => boolean = () => false;
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
      response.writeHead(isKnown ? 403 : 401).end();
    };
  }
}
