import { installPython } from './python.ts';

const cli = '1.46.3';
const cfnLint = '1.58.0';

/** The AWS CLI and the linter of CloudFormation templates. Returns the Python that has them. */
export async function installAwsTools(): Promise<string> {
  return installPython(`aws-cli-${cli}-cfn-lint-${cfnLint}`, [`awscli==${cli}`, `cfn-lint==${cfnLint}`]);
}
