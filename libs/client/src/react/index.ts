export { type DocumentHook, useClientStatus, useDocument, usePresence, useWriteState } from './hooks.ts';
