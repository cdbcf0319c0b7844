import { inputDefaults } from '../../src/inputs/index.ts';

/** The default of every input as action.yml declares it: that of the code, but for the one that the runner fills in. */
export const declaredDefaults: Readonly<Record<string, string>> = {
  ...inputDefaults,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression that GitHub evaluates
  'github-token': '${{ github.token }}',
};
