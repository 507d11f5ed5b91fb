// Plants one bug: preloaded before the simulator (`node --import plant.js`), it has the loader rewrite the files of the mutant
// that ANABRANCH_MUTANT names. Nothing on disk changes.

import { register } from 'node:module';
import { mutants } from './mutants.ts';

const name = process.env['ANABRANCH_MUTANT'];
const mutant = mutants.find((each) => each.name === name);
if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
register('./rewriting-loader.js', import.meta.url, { data: mutant });
