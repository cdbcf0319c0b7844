import { readFileSync } from 'node:fs';

/** Defined by the build; code that runs from source reads package.json. */
declare const BUILT_VERSION: string | undefined;

const version =
  typeof BUILT_VERSION === 'string'
    ? BUILT_VERSION
    : (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/** The User-Agent of every request; firewalls block requests without one. */
export const userAgent = `message-archive/${version}`;
