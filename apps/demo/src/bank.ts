// `npm run demo:bank`

import { tellStory } from './bank-demo/story.ts';
import { runStory } from './story/run-story.ts';

const program = {
  name: 'demo:bank',
  summary: 'Moves money between accounts in three real regions, through a partition and a kill, and counts it all the while.',
  seeded: 'the transfers',
  tell: tellStory,
};

// Whatever a story that failed or was ended is still waiting for ends with it.
process.exit(await runStory(program, process.argv.slice(2)));
