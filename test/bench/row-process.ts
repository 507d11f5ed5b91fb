// The entry of the process that measures one row: `row-process.js NAME FOLDER [quick]`. The result goes back over the channel
// that `fork` gives.

import { findRow } from './rows.ts';

const [name = '', folder = '', mode] = process.argv.slice(2);
const row = findRow(name);
if (row === undefined || process.send === undefined) throw new Error('the benchmark starts this process, with a row and a folder');
const { measure } = await row.load();
process.send(await measure({ folder, isQuick: mode === 'quick' }), () => process.exit(0));
