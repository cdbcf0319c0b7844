import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Lets SIGINT and SIGTERM end the process with 128 and the signal's number, after `clean`, which must not wait. A second
 * signal ends it at once.
 * @param say is told in one line
 * @returns takes this back
 */
export function stopOnSignals(clean: () => void, say: (text: string) => void): () => void {
  const stop = (signal: NodeJS.Signals) => {
    forget();
    say(`Stopped by ${signal}: the temporary files are removed. Re-run to continue.`);
    clean();
    process.exit(128 + constants.signals[signal]);
  };
  const forget = () => {
    for (const signal of signals) process.removeListener(signal, stop);
  };
  for (const signal of signals) process.on(signal, stop);
  return forget;
}
