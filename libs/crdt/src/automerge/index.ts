// Documents kept by Automerge, for programs that load the library when they first need it.
export { AutomergeDocument } from './automerge-document.ts';
export { checkAutomergeBytes } from './inspect-automerge-update.ts';
