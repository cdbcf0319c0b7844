import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../../src/errors.ts';
import type { Endpoints } from '../../test/services/endpoints.ts';
import { installAwsTools } from './aws-tools.ts';
import {
  type ElasticsearchHome,
  elasticsearch8,
  elasticsearch9,
  installElasticsearch,
  startElasticsearch,
} from './elasticsearch.ts';
import { installMoto, startMoto } from './moto.ts';
import type { Service } from './processes.ts';
import { installVersitygw, startVersitygw } from './versitygw.ts';

/** What the services consist of: where each is installed. */
export interface Programs {
  readonly elasticsearch8: ElasticsearchHome;
  readonly elasticsearch9: ElasticsearchHome;
  readonly versitygw: string;
  readonly moto: string;
}

/** Services that run. */
export interface Stack {
  readonly endpoints: Endpoints;
  readonly services: readonly Service[];
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
  const place = async (name: string) => {
    const path = join(folder, name);
    await mkdir(path);
    return path;
  };
  const [eight, nine, versitygw, moto] = await all([
    place('elasticsearch8').then((path) => startElasticsearch(programs.elasticsearch8, path)),
    place('elasticsearch9').then((path) => startElasticsearch(programs.elasticsearch9, path)),
    place('versitygw').then((path) => startVersitygw(programs.versitygw, path)),
    place('moto').then((path) => startMoto(programs.moto, path)),
  ]);
  return {
    endpoints: { elasticsearch8: eight.url, elasticsearch9: nine.url, s3: versitygw.s3, moto: moto.url },
    services: [eight, nine, versitygw, moto].map(({ service }) => service),
  };
}

/** All results, once every work has ended, so that one look at the failures shows all. */
async function all<T extends readonly unknown[]>(works: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const outcomes = await Promise.allSettled(works);
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const defect = failures.find((failure) => !(failure instanceof UserError));
  if (defect !== undefined) throw defect;
  if (failures.length > 0) throw new UserError(failures.map(messageOf).join('\n'));
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
