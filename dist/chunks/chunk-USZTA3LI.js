import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);
var sourceNames=["api","elasticsearch","opensearch"];export{sourceNames};
