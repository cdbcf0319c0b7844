import type { CloudEndpoints } from '../test/services/endpoints.ts';
import { place } from '../tools/programs/place.ts';
import { temporaryFolder } from '../tools/programs/temporary.ts';
import { elasticsearch9, installElasticsearch, startElasticsearch } from '../tools/services/elasticsearch.ts';
import { installMoto, startMoto } from '../tools/services/moto.ts';
import { installVersitygw, startVersitygw } from '../tools/services/versitygw.ts';

/** Real services that run. */
export interface Services extends CloudEndpoints {
  /** Of its server: `Elasticsearch 9.5.0`. */
  readonly name: string;
  readonly elasticsearch: string;
  stop(): Promise<void>;
}

/** Installs and starts Elasticsearch, S3 and DynamoDB; they end with this process at the latest. */
export async function startServices(): Promise<Services> {
  const [home, gateway, python] = await Promise.all([
    installElasticsearch(elasticsearch9),
    installVersitygw(),
    installMoto(),
  ]);
  const { folder, remove } = temporaryFolder('bench');
  const [elasticsearch, versitygw, moto] = await Promise.all([
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
      for (const { service } of [elasticsearch, versitygw, moto]) await service.stop();
      remove();
    },
  };
}
