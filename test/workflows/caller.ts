import { stringify } from 'yaml';
import { actionRepository, actionTag } from './repository.ts';

type Texts = Readonly<Record<string, string | number>>;

/** An expression that GitHub evaluates: `${{ … }}`. */
export function expression(text: string): string {
  return `\${{ ${text} }}`;
}

/** Inputs of the calling workflow when it is started by hand. */
const asked = { refresh: false, 'accept-fewer': false };

/**
 * Returns a workflow that calls archive.yml, by schedule and by hand, and prints the outputs of the call.
 * @param inputs of the call
 * @param secrets of the call
 */
export function callerWorkflow(inputs: Texts, secrets: Texts): string {
  const flags = Object.keys(asked).map((name) => [name, expression(`inputs.${name} || false`)]);
  const outputs = ['count', 'complete', 'oldest-open', 'issue'];
  const shown = outputs.map((name) => `${name}=${expression(`needs.archive.outputs.${name}`)}`);
  const workflow = {
    name: 'Weekly',
    on: {
      schedule: [{ cron: '0 3 * * 1' }],
      workflow_dispatch: {
        inputs: Object.fromEntries(
          Object.entries(asked).map(([name, value]) => [name, { type: 'boolean', default: value }]),
        ),
      },
    },
    jobs: {
      archive: {
        name: 'Archive',
        uses: `${actionRepository}/.github/workflows/archive.yml@${actionTag}`,
        with: {
          ...Object.fromEntries(flags),
          ...inputs,
          // Values of `job.workflow_repository` and `job.workflow_sha` on GitHub, which act does not know yet.
          'action-repository': actionRepository,
          'action-ref': actionTag,
        },
        secrets,
      },
      after: {
        name: 'After',
        needs: 'archive',
        'runs-on': 'ubuntu-latest',
        steps: [{ run: `echo "${shown.join(' ')}"` }],
      },
    },
  };
  // act does not treat an unquoted date as a string.
  return stringify(workflow, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
}
