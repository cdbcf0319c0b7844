/** Environment variable that holds the {@link WorkflowPrograms} as JSON. */
export const programsVariable = 'MESSAGE_ARCHIVE_PROGRAMS';

/** Paths of programs. */
export interface WorkflowPrograms {
  readonly act: string;
  readonly actionlint: string;
  readonly zizmor: string;
}

/**
 * Returns the programs that were installed for these tests.
 * @throws Error if they were not: workflow tests never pass without them
 */
export function programs(): WorkflowPrograms {
  const text = process.env[programsVariable];
  if (text) return JSON.parse(text);
  throw new Error(`${programsVariable} is not set: start these tests with \`npm run test:workflows\`.`);
}
