export { type ModelEvent, ReferenceModel } from './reference-model.ts';
export { itemIdOf } from '../typed/edit.ts';
