// What befalls the lanes and connections between regions.

import type { SeededRandom } from '../seeded-random.ts';
import type { SimulatedWorld } from '../world/simulated-world.ts';
import type { FaultEvent, FaultHolder } from './fault-event.ts';

type Pair = readonly [from: string, to: string];

export function disturbWire(world: SimulatedWorld, fault: FaultEvent, random: SeededRandom, holder: FaultHolder): boolean {
  const [a = '', b = ''] = fault.regions;
  switch (fault.kind) {
    case 'partition':
      return cut(world, across(world, fault.regions), fault, holder);
    case 'cut_one_way':
      return cut(world, [[a, b]], fault, holder);
    case 'cut_pair':
      return cut(world, both([a, b]), fault, holder);
    case 'clog':
      return clog(world, [a, b], fault, { random, holder });
    case 'reset':
      return reset(world, [a, b], random);
    case 'half_open':
      return goSilent(world, [a, b], random);
    case 'lost_frame':
      return loseFrames(world, [a, b], random);
    case 'flap':
      return flap(world, [a, b], fault, { random, holder });
    default:
      throw new Error(`${fault.kind} is no fault of the wire`);
  }
}

/** Cuts lanes until the fault ends; some connections do not survive it. */
function cut(world: SimulatedWorld, lanes: readonly Pair[], fault: FaultEvent, holder: FaultHolder): boolean {
  const heals = lanes.flatMap(([from, to]) => world.wire.lane(from, to)?.cut() ?? []);
  holder.hold(() => {
    for (const heal of heals) heal();
  }, fault.durationMs);
  return heals.length > 0;
}

/** Cuts every lane from and to a region until the answer is called. */
export function isolate({ wire }: SimulatedWorld, region: string): () => void {
  const lanes = wire.pairs().flatMap((pair) => (pair.includes(region) ? both(pair) : []));
  const heals = lanes.flatMap(([from, to]) => wire.lane(from, to)?.cut() ?? []);
  return () => {
    for (const heal of heals) heal();
  };
}

interface Draws {
  readonly random: SeededRandom;
  readonly holder: FaultHolder;
}

function clog(world: SimulatedWorld, [from, to]: Pair, fault: FaultEvent, { random, holder }: Draws): boolean {
  const lane = world.wire.lane(from, to);
  if (lane === undefined) return false;
  lane.bytesPerMsMax = random.pick([0.2, 1, 5]);
  holder.hold(() => lane.unclog(world.clock.monotonicMs()), fault.durationMs);
  return true;
}

function reset(world: SimulatedWorld, [a, b]: Pair, random: SeededRandom): boolean {
  const connections = world.wire.connections(a, b);
  for (const [dialler] of connections) if (dialler.reset(random) > 0) world.sometimes.hit('reset_lost_frames');
  return connections.length > 0;
}

/** A middle box forgets the connection: one direction or both deliver nothing any more. */
function goSilent(world: SimulatedWorld, [a, b]: Pair, random: SeededRandom): boolean {
  const connections = world.wire.connections(a, b);
  for (const [dialler, acceptor] of connections) {
    const way = random.below(3);
    if (way !== 0) dialler.goSilent();
    if (way !== 1) acceptor.goSilent();
  }
  return connections.length > 0;
}

/** Something between the ends swallows messages of a connection that stands: only the ops among them are not said again. */
function loseFrames(world: SimulatedWorld, [from, to]: Pair, random: SeededRandom): boolean {
  const ends = world.wire.connections(from, to).flatMap((pair) => pair.filter(({ region }) => region === from));
  for (const end of ends) end.loseOps(1 + random.below(2));
  return ends.length > 0;
}

/** Up and down again, each for up to two seconds, for as long as the fault lasts. */
function flap(world: SimulatedWorld, pair: Pair, fault: FaultEvent, { random, holder }: Draws): boolean {
  let isOver = false;
  holder.hold(() => {
    isOver = true;
  }, fault.durationMs);
  const next = (): void => {
    if (isOver) return;
    reset(world, pair, random);
    world.clock.setTimer(200 + random.below(1_800), next);
  };
  next();
  return true;
}

function both([a, b]: Pair): readonly Pair[] {
  return [
    [a, b],
    [b, a],
  ];
}

/** Every lane between one side and the rest. */
function across(world: SimulatedWorld, side: readonly string[]): readonly Pair[] {
  return world.wire.pairs().flatMap((pair) => (side.includes(pair[0]) === side.includes(pair[1]) ? [] : both(pair)));
}
