import { readFileSync } from 'node:fs';

/** The build puts the version in its place; code that runs from source reads it. */
declare const BUILT_VERSION: string | undefined;

const version =
  typeof BUILT_VERSION === 'string'
    ? BUILT_VERSION
    : (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/** What every request says of who sends it. Firewalls refuse requests that do not. */
export const userAgent = `message-archive/${version}`;
