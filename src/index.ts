import { setFlagsFromString } from 'node:v8';
import { main } from './main.ts';

// By itself V8 lets the space for new objects grow to 128 MB a thread, most of it garbage. What lives long here is few.
setFlagsFromString('--semi-space-growth-factor=1');

await main(process.env);
