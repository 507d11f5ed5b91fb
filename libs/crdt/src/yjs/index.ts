// Documents kept by Yjs, for programs that must not load the other library.
export { YjsDocument } from './yjs-document.ts';
