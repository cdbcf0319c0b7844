import { type Endpoints, endpointsVariable } from '../../test/services/endpoints.ts';
import { all } from '../programs/all.ts';
import { place } from '../programs/place.ts';
import type { Stack } from '../programs/suite.ts';
import { installAwsTools } from './aws-tools.ts';
import {
  type ElasticsearchHome,
  elasticsearch8,
  elasticsearch9,
  installElasticsearch,
  startElasticsearch,
} from './elasticsearch.ts';
import { installMoto, startMoto } from './moto.ts';
import { installVersitygw, startVersitygw } from './versitygw.ts';

/** What the services consist of: where each is installed. */
export interface Programs {
  readonly elasticsearch8: ElasticsearchHome;
  readonly elasticsearch9: ElasticsearchHome;
  readonly versitygw: string;
  readonly moto: string;
}

/**
 * Installs what is not installed yet; what Maven fetches one after the other, because it shares a cache.
 * @throws UserError that names all that cannot be had
 */
export async function installStack(): Promise<Programs> {
  const both = async () =>
    [await installElasticsearch(elasticsearch8), await installElasticsearch(elasticsearch9)] as const;
  const [releases, versitygw, moto] = await all([both(), installVersitygw(), installMoto(), installAwsTools()]);
  return { elasticsearch8: releases[0], elasticsearch9: releases[1], versitygw, moto };
}

/**
 * Starts all services, with what they write in `folder`.
 * @throws UserError that names all that do not start; the others are left to end with this process
 */
export async function startStack(programs: Programs, folder: string): Promise<Stack> {
  const [eight, nine, versitygw, moto] = await all([
    place(folder, 'elasticsearch8').then((path) => startElasticsearch(programs.elasticsearch8, path)),
    place(folder, 'elasticsearch9').then((path) => startElasticsearch(programs.elasticsearch9, path)),
    place(folder, 'versitygw').then((path) => startVersitygw(programs.versitygw, path)),
    place(folder, 'moto').then((path) => startMoto(programs.moto, path)),
  ]);
  const endpoints: Endpoints = {
    elasticsearch8: eight.url,
    elasticsearch9: nine.url,
    s3: versitygw.s3,
    moto: moto.url,
  };
  return {
    variables: { [endpointsVariable]: JSON.stringify(endpoints) },
    services: [eight, nine, versitygw, moto].map(({ service }) => service),
  };
}
