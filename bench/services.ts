import type { CloudEndpoints } from '../test/services/endpoints.ts';
import { all } from '../tools/programs/all.ts';
import { place } from '../tools/programs/place.ts';
import { exitOnSignals } from '../tools/programs/signals.ts';
import { temporaryFolder } from '../tools/programs/temporary.ts';
import { elasticsearch9, installElasticsearch, startElasticsearch } from '../tools/services/elasticsearch.ts';
import { installMoto, startMoto } from '../tools/services/moto.ts';
import { installVersitygw, startVersitygw } from '../tools/services/versitygw.ts';

/** Running services. */
export interface Services extends CloudEndpoints {
  /** `Elasticsearch 9.5.0`. */
  readonly name: string;
  readonly elasticsearch: string;
  stop(): Promise<void>;
}

/**
 * Installs and starts Elasticsearch, S3 and DynamoDB. They stop at the latest with this process.
 * @throws ToolError that names every program that cannot be installed
 */
export async function startServices(): Promise<Services> {
  exitOnSignals();
  const [home, gateway, python] = await all([installElasticsearch(elasticsearch9), installVersitygw(), installMoto()]);
  const { folder, remove } = temporaryFolder('bench');
  const [elasticsearch, versitygw, moto] = await all([
    place(folder, 'elasticsearch').then((path) => startElasticsearch(home, path, true)),
    place(folder, 'versitygw').then((path) => startVersitygw(gateway, path)),
    place(folder, 'moto').then((path) => startMoto(python, path)),
  ]);
  return {
    name: elasticsearch.service.name,
    elasticsearch: elasticsearch.url,
    s3: versitygw.s3,
    moto: moto.url,
    async stop() {
      await Promise.all([elasticsearch, versitygw, moto].map(({ service }) => service.stop()));
      remove();
    },
  };
}
