import { createRequire } from 'node:module';

/** The parts of elasticdump's Elasticsearch input used here. */
interface Transport {
  ESversion: string | null;
  setSearchBody(): void;
}

type TransportClass = new (parent: unknown, url: string, options: object) => Transport;

// elasticdump loads this module through `--inputTransport`; argv[1] is elasticdump itself.
const ofElasticdump = createRequire(process.argv[1]!);
const { elasticsearch } = ofElasticdump('../lib/transports/elasticsearch.js') as { elasticsearch: TransportClass };

/**
 * elasticdump's own Elasticsearch input. It first requests the server's version with `GET /`, which the test build of the
 * server does not support. Here the version is fixed.
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
