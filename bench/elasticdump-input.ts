import { createRequire } from 'node:module';

/** What elasticdump reads Elasticsearch with, as far as it is touched here. */
interface Transport {
  ESversion: string | null;
  setSearchBody(): void;
}

type TransportClass = new (parent: unknown, url: string, options: object) => Transport;

// elasticdump loads this module by its `--inputTransport`; the program that runs is its own.
const ofElasticdump = createRequire(process.argv[1]!);
const { elasticsearch } = ofElasticdump('../lib/transports/elasticsearch.js') as { elasticsearch: TransportClass };

/**
 * elasticdump's own way to read Elasticsearch. It asks for the server's version first, with a `GET /` that the build of the
 * server for tests does not answer: here it is told.
 */
export class Elasticsearch extends elasticsearch {
  constructor(parent: unknown, url: string) {
    super(parent, url, { type: 'input' });
  }

  version(_: string, done: () => void): void {
    this.ESversion = '9';
    this.setSearchBody();
    done();
  }
}
