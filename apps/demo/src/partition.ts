// `npm run demo:partition`

import { tellStory } from './partition-demo/story.ts';
import { runStory } from './story/run-story.ts';

const program = {
  name: 'demo:partition',
  summary: 'Tells the story of a partition with three real regions, and checks every promise on the way.',
  seeded: 'the quantities',
  tell: tellStory,
};

// Whatever a story that failed or was ended is still waiting for ends with it.
process.exit(await runStory(program, process.argv.slice(2)));
