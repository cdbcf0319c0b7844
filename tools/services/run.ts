import { runSuite } from '../programs/suite.ts';
import { installStack, startStack } from './stack.ts';

/** Installs the real services, starts them, runs the tests over them and stops them. */
await runSuite({ name: 'services', install: installStack, start: startStack });
