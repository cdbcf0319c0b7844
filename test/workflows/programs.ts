/** Holds the {@link WorkflowPrograms} as JSON. */
export const programsVariable = 'MESSAGE_ARCHIVE_PROGRAMS';

/** The paths of programs. */
export interface WorkflowPrograms {
  readonly act: string;
  readonly actionlint: string;
  readonly zizmor: string;
}

/**
 * The programs that were installed for these tests.
 * @throws Error where none were: a test of workflows never passes without them
 */
export function programs(): WorkflowPrograms {
  const text = process.env[programsVariable];
  if (text) return JSON.parse(text);
  throw new Error(`${programsVariable} is not set: start these tests with \`npm run test:workflows\`.`);
}
