import { join } from 'node:path';
import type { WorkflowPrograms } from '../../test/workflows/programs.ts';
import { all } from '../programs/all.ts';
import { installGo } from '../programs/go.ts';
import { installPython } from '../programs/python.ts';

const actVersion = 'v0.2.89';
const actionlintVersion = 'v1.7.12';
const zizmorVersion = '1.32.0';

/** Installs the programs that run and check workflows outside GitHub. */
export async function installWorkflowPrograms(): Promise<WorkflowPrograms> {
  const [act, actionlint, zizmor] = await all([
    installGo('github.com/nektos/act', actVersion),
    installGo('github.com/rhysd/actionlint/cmd/actionlint', actionlintVersion),
    installPython('zizmor', zizmorVersion).then((folder) => join(folder, 'zizmor')),
  ]);
  return { act, actionlint, zizmor };
}
