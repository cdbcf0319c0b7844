import { join } from 'node:path';
import { all } from '../programs/all.ts';
import { installPython } from '../programs/python.ts';

/** Those who deploy with CloudFormation have these: each is the Python that has the module. */
export interface AwsTools {
  /** The AWS CLI. */
  readonly awscli: string;
  /** The linter of templates. */
  readonly cfnlint: string;
}

export async function installAwsTools(): Promise<AwsTools> {
  const [awscli, cfnlint] = await all([installPython('awscli', '1.46.3'), installPython('cfn-lint', '1.58.0')]);
  return { awscli: join(awscli, 'python'), cfnlint: join(cfnlint, 'python') };
}
