const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Exits on signals, so that `exit` listeners can stop child processes. */
export function exitOnSignals(): void {
  for (const [signal, code] of Object.entries(signals)) process.once(signal, () => process.exit(code));
}
