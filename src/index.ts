import { setFlagsFromString } from 'node:v8';
import { guardOutput } from './io/actions/output.ts';
import { logCrash, logWarnings, main } from './main.ts';

// By default, V8 lets each thread's space for new objects grow to 128 MB, most of it garbage. Few objects here live long.
setFlagsFromString('--semi-space-growth-factor=1');

guardOutput([process.stdout, process.stderr]);
logCrash(process.env);
logWarnings(process.env);
await main(process.env);
