import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);
import{__name}from"./chunk-ENMAI3OJ.js";var padMs={date:864e5,iso:0,"epoch-ms":0};function requestDays(intervalDays,format){return intervalDays+2*padMs[format]/864e5}__name(requestDays,"requestDays");export{padMs,requestDays};
