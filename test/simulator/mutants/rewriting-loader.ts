// The loader's side of a planted bug: it runs in the loader's thread and rewrites files as they are loaded.

import type { InitializeHook, LoadHook } from 'node:module';
import type { Mutant, Replacement } from './mutants.ts';

let replacements: readonly Replacement[] = [];

export const initialize: InitializeHook<Mutant> = (mutant) => {
  replacements = mutant.replacements;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  const here = replacements.filter(({ file }) => url.endsWith(`/libs/${file}`));
  if (here.length === 0) return loaded;
  let source = String(loaded.source instanceof Uint8Array ? Buffer.from(loaded.source) : loaded.source);
  for (const { file, find, replace } of here) {
    const places = source.split(find).length - 1;
    if (places !== 1) throw new Error(`the text to replace is ${places} times in ${file}: ${find}`);
    source = source.replace(find, () => replace);
  }
  return { ...loaded, source };
};
