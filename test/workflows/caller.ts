import { stringify } from 'yaml';
import { actionRepository, actionTag } from './repository.ts';

type Texts = Readonly<Record<string, string | number>>;

/** `${{ … }}`: what GitHub puts in place of an expression. */
export function expression(text: string): string {
  return `\${{ ${text} }}`;
}

/** What a person may ask a caller for. */
const asked = { refresh: false, 'accept-fewer': false };

/**
 * The workflow of a repository that calls the archive's, by schedule and by hand, and then prints the outputs of that call.
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
          // What `job.workflow_repository` and `job.workflow_sha` say on GitHub; act does not know them yet.
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
  // A date that is not quoted is no text to act.
  return stringify(workflow, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
}
