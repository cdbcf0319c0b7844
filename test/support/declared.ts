import { inputDefaults } from '../../src/inputs/index.ts';

/** Defaults of all inputs as in action.yml: those of the code, plus the one that the runner evaluates. */
export const declaredDefaults: Readonly<Record<string, string>> = {
  ...inputDefaults,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression that GitHub evaluates
  'github-token': '${{ github.token }}',
};
