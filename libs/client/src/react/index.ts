export { type DocumentHook, useClientStatus, useDocument, usePresence, useValueAt, useWriteState, useYjs } from './hooks.ts';
