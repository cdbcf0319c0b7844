const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** A signal that ends this process lets its `exit` listeners end what it started. */
export function exitOnSignals(): void {
  for (const [signal, code] of Object.entries(signals)) process.once(signal, () => process.exit(code));
}
