import { setFlagsFromString } from 'node:v8';
import { guardOutput } from './io/actions/output.ts';
import { main, tellCrash, tellWarnings } from './main.ts';

// By itself V8 lets the space for new objects grow to 128 MB a thread, most of it garbage. What lives long here is few.
setFlagsFromString('--semi-space-growth-factor=1');

guardOutput([process.stdout, process.stderr]);
tellCrash(process.env);
tellWarnings(process.env);
await main(process.env);
