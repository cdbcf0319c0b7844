import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);
import{require_dist_cjs3 as require_dist_cjs}from"./chunk-WQPI6VDS.js";import"./chunk-NM7DPALW.js";import"./chunk-ENMAI3OJ.js";export default require_dist_cjs();
