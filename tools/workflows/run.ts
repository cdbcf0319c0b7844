import { type CloudEndpoints, endpointsVariable } from '../../test/services/endpoints.ts';
import { programsVariable, type WorkflowPrograms } from '../../test/workflows/programs.ts';
import { all } from '../programs/all.ts';
import { place } from '../programs/place.ts';
import { runSuite, type Stack } from '../programs/suite.ts';
import { installMoto, startMoto } from '../services/moto.ts';
import { installVersitygw, startVersitygw } from '../services/versitygw.ts';
import { installWorkflowPrograms } from './programs.ts';

type Programs = readonly [workflows: WorkflowPrograms, versitygw: string, moto: string];

/** Installs the programs, starts substitutes for AWS services, runs the workflow tests and stops the services. */
await runSuite({
  name: 'workflows',
  install: () => all<Programs>([installWorkflowPrograms(), installVersitygw(), installMoto()]),
  start,
});

async function start([workflows, versitygw, moto]: Programs, folder: string): Promise<Stack> {
  const started = await all([
    place(folder, 'versitygw').then((path) => startVersitygw(versitygw, path)),
    place(folder, 'moto').then((path) => startMoto(moto, path)),
  ]);
  const endpoints: CloudEndpoints = { s3: started[0].s3, moto: started[1].url };
  return {
    variables: {
      [endpointsVariable]: JSON.stringify(endpoints),
      [programsVariable]: JSON.stringify(workflows),
    },
    services: started.map(({ service }) => service),
  };
}
