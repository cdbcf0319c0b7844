import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);
import{loadParquet}from"./chunk-YHRSPHY3.js";import"./chunk-ENMAI3OJ.js";export{loadParquet};
