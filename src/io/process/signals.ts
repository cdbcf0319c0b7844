import { constants } from 'node:os';
import type { ErrorCode } from '../../errors.ts';

const code: ErrorCode = 'interrupted';
const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Makes SIGINT and SIGTERM end the process with exit code 128 plus the signal's number, after `clean`, which must be
 * synchronous. A second signal ends it at once.
 * @param say receives one line for the log
 * @returns a function that removes the handlers
 */
export function stopOnSignals(clean: () => void, say: (text: string) => void): () => void {
  const stop = (signal: NodeJS.Signals) => {
    removeHandlers();
    say(`Stopped by ${signal}; removing temporary files. Re-run to continue. [${code}]`);
    clean();
    process.exit(128 + constants.signals[signal]);
  };
  const removeHandlers = () => {
    for (const signal of signals) process.removeListener(signal, stop);
  };
  for (const signal of signals) process.on(signal, stop);
  return removeHandlers;
}
