import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);
import{UserError}from"./chunk-4OU2FBUD.js";import{__name}from"./chunk-ENMAI3OJ.js";var LostReading=class extends UserError{static{__name(this,"LostReading")}name="LostReading"};export{LostReading};
