import { type Endpoints, endpointsVariable, type SearchServer } from '../../test/services/endpoints.ts';
import { all } from '../programs/all.ts';
import { place } from '../programs/place.ts';
import type { Stack } from '../programs/suite.ts';
import { installAwsTools } from './aws-tools.ts';
import { elasticsearch8, elasticsearch9 } from './elasticsearch.ts';
import { installMoto, startMoto } from './moto.ts';
import { openSearch2, openSearch3 } from './opensearch.ts';
import { installSearch, type SearchHome, type SearchRelease, startSearch } from './search-server.ts';
import { installVersitygw, startVersitygw } from './versitygw.ts';

/** The programs of the services, and where each is installed. */
export interface Programs {
  readonly search: Readonly<Record<SearchServer, SearchHome>>;
  readonly versitygw: string;
  readonly moto: string;
}

const releases = {
  elasticsearch8,
  elasticsearch9,
  openSearch2,
  openSearch3,
} as const satisfies Record<SearchServer, SearchRelease>;

/**
 * Installs what is not installed yet. Maven has one cache, so its downloads do not run in parallel.
 * @throws UserError that names everything that cannot be installed
 */
export async function installStack(): Promise<Programs> {
  const servers = async () => ({
    elasticsearch8: await installSearch(releases.elasticsearch8),
    elasticsearch9: await installSearch(releases.elasticsearch9),
    openSearch2: await installSearch(releases.openSearch2),
    openSearch3: await installSearch(releases.openSearch3),
  });
  const [search, versitygw, moto] = await all([servers(), installVersitygw(), installMoto(), installAwsTools()]);
  return { search, versitygw, moto };
}

/**
 * Starts all services, with what they write in `folder`.
 * @throws UserError that names every service that does not start; the others end with this process
 */
export async function startStack(programs: Programs, folder: string): Promise<Stack> {
  const search = async (name: SearchServer) => startSearch(programs.search[name], await place(folder, name));
  const [eight, nine, two, three, versitygw, moto] = await all([
    search('elasticsearch8'),
    search('elasticsearch9'),
    search('openSearch2'),
    search('openSearch3'),
    place(folder, 'versitygw').then((path) => startVersitygw(programs.versitygw, path)),
    place(folder, 'moto').then((path) => startMoto(programs.moto, path)),
  ]);
  const endpoints: Endpoints = {
    elasticsearch8: eight.url,
    elasticsearch9: nine.url,
    openSearch2: two.url,
    openSearch3: three.url,
    s3: versitygw.s3,
    moto: moto.url,
  };
  return {
    variables: { [endpointsVariable]: JSON.stringify(endpoints) },
    services: [eight, nine, two, three, versitygw, moto].map(({ service }) => service),
  };
}
