// Documents kept by Yjs, and schemas, for programs that must not load the other library.
export { schemaFault } from '../schema-fault.ts';
export { checkYjsBytes } from './inspect-yjs-update.ts';
export { YjsDocument } from './yjs-document.ts';
