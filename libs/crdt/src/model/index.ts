export { itemIdOf } from '../typed/edit.ts';
export { type ModelEvent, ReferenceModel } from './reference-model.ts';
