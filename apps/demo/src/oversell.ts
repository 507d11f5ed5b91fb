// `npm run demo:oversell`

import { tellStory } from './oversell-demo/story.ts';
import { runStory } from './story/run-story.ts';

const program = {
  name: 'demo:oversell',
  summary: 'Sells 100 units of one article from three real regions, to ten times the demand, through a partition and a kill.',
  seeded: 'the demand',
  tell: tellStory,
};

// Whatever a story that failed or was ended is still waiting for ends with it.
process.exit(await runStory(program, process.argv.slice(2)));
