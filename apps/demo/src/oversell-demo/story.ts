// The story: a hundred units of tea in New York, a thousand customers in three regions, a partition, a power cut in the middle of
// it, and the way back together. Each scene ends with the promises it has put to the test.

import { poll } from '../poll.ts';
import type { RightsRefusal } from '../region-rights.ts';
import { cityOf } from '../story/report.ts';
import type { Story } from '../story/run-story.ts';
import { isRegionName, type RegionName, regionNames } from '../world-plan.ts';
import { readSale, saleObjections } from './audit.ts';
import { article, OrderDesk, orderBook } from './order-desk.ts';
import { heldBy, RightsWatch, stockRights } from './rights-watch.ts';

const unitCount = 100;
const orderCount = 1_000;
const mainland = ['new-york', 'berlin'] as const;
const collections = [article.collection, orderBook.collection];
/** How long regions that can reach each other may take to converge, or to serve everybody, on a busy machine. */
const patienceMs = 60_000;

/** Faults of one region that are printed. */
const faultsShownMax = 5;

type Desks = Readonly<Record<RegionName, OrderDesk>>;

export async function tellStory(story: Story): Promise<void> {
  const desks = openDesks(story);
  await stockUp(story);
  await openSale(story, desks);
  await sellThroughPartition(story, desks);
  await sellTheRest(story, desks);
  await verify(story, desks);
}

function openDesks({ world, random }: Story): Desks {
  const [inNewYork, inBerlin] = [random.between(300, 360), random.between(300, 360)];
  const desk = (name: RegionName, count: number) => new OrderDesk({ client: world.region(name).client, random, orderCount: count });
  return {
    'new-york': desk('new-york', inNewYork),
    berlin: desk('berlin', inBerlin),
    tokyo: desk('tokyo', orderCount - inNewYork - inBerlin),
  };
}

async function stockUp({ world, report }: Story): Promise<void> {
  report.scene(`${unitCount} units, three regions, ${orderCount.toLocaleString('en')} customers`);
  const { client } = world.region('new-york');
  await client.edit(article.collection, article.id, [{ op: 'increment', path: '/stock', by: unitCount }], { idempotencyKey: 'delivery' });
  report.act('new-york', `takes ${unitCount} units of tea into stock, and has all rights to sell them`);
  await world.untilConverged({ deadlineMs: patienceMs, collections });
}

async function openSale({ world, report, random }: Story, desks: Desks): Promise<void> {
  report.scene('The sale opens');
  const watch = new RightsWatch(world);
  const counts = regionNames.map(() => random.between(4, 7));
  await Promise.all(regionNames.map((name, at) => desks[name].sell(counts[at] ?? 0)));
  const isServed = await serveWaiting(desks);
  await world.untilConverged({ deadlineMs: patienceMs, collections });
  report.timeline(await watch.stop());
  const sold = sumOf(desks, ({ acknowledged }) => acknowledged.size);
  report.say(`${sold} units sold; Berlin and Tokyo asked New York for rights, and got a share.`);
  report.promise('with every region in reach, every customer is served', isServed ? [] : waitingObjections(desks));
  report.promise('rights add up to the stock, in every view', watch.objections);
}

async function sellThroughPartition(story: Story, desks: Desks): Promise<void> {
  const { world, report, random } = story;
  const victim = mainland[random.between(0, 1)] ?? 'berlin';
  report.scene(`Tokyo is cut off, and ${cityOf(victim)} loses power`);
  world.isolate('tokyo');
  const [soldBefore, refusedBefore] = [desks.tokyo.acknowledged.size, desks.tokyo.refusals.length];
  const heldInTokyo = heldBy(await stockRights(world.region('tokyo')), 'tokyo');
  report.say('Both links of Tokyo are black holes now: nothing arrives, nothing is closed.');
  report.act('tokyo', `holds rights to ${heldInTokyo} units, and has customers for more`);
  const watch = new RightsWatch(world);
  const demand = heldInTokyo + random.between(60, 120);
  const whenServed = Promise.all([desks.tokyo.sell(demand), ...mainland.map((name) => desks[name].sell(random.between(8, 12)))]);
  await loseAndRegainPower(story, { victim, desk: desks[victim], whenServed });
  const rows = await watch.stop();
  report.timeline(rows);
  const soldInTokyo = desks.tokyo.acknowledged.size - soldBefore;
  const refused = desks.tokyo.refusals.slice(refusedBefore);
  report.act('tokyo', `sold ${soldInTokyo} and refused ${refused.length}`);
  for (const line of explain(refused)) report.say(line);
  const isExact = soldInTokyo === heldInTokyo && soldInTokyo + refused.length === demand;
  report.promise(
    'cut off, Tokyo sells exactly what it holds, and refuses the rest',
    isExact ? [] : [`of ${demand} orders ${soldInTokyo} were sold and ${refused.length} refused, with rights to ${heldInTokyo}`],
  );
  report.promise('rights add up to the stock, in every view', watch.objections);
}

interface PowerCut {
  readonly victim: RegionName;
  readonly desk: OrderDesk;
  readonly whenServed: Promise<unknown>;
}

async function loseAndRegainPower({ world, report, random }: Story, { victim, desk, whenServed }: PowerCut): Promise<void> {
  const region = world.region(victim);
  const ordersBefore = desk.acknowledged.size + random.between(2, 4);
  await poll(patienceMs, async () => (desk.acknowledged.size >= ordersBefore || desk.waitingCount > 0 ? true : undefined), 1);
  await region.process.kill();
  await whenServed;
  const acknowledged = new Set(desk.acknowledged);
  report.act(victim, `kill -9 after ${acknowledged.size} acknowledged orders; ${desk.unansweredCount} got no answer`);
  await region.process.restart();
  await world.untilReady([victim]);
  const { orders } = await readSale(region.client);
  report.promise(
    'no acknowledged order was lost',
    [...acknowledged].filter((order) => !orders.includes(order)).map((order) => `${cityOf(victim)} no longer shows ${order}`),
  );
  await desk.repeat();
  report.act(victim, `starts again; who got no answer repeats the order: ${desk.acknowledged.size} sold in all`);
}

async function sellTheRest({ world, report, random }: Story, desks: Desks): Promise<void> {
  report.scene('The links heal, and everybody else comes');
  const watch = new RightsWatch(world);
  const refusedBefore = new Map(regionNames.map((name) => [name, desks[name].refusals.length]));
  world.healAll();
  const wanted = desks.tokyo.acknowledged.size + random.between(2, 4);
  await poll(patienceMs, async () => {
    if (desks.tokyo.acknowledged.size >= wanted || desks.tokyo.waitingCount === 0) return true;
    await desks.tokyo.retry(wanted - desks.tokyo.acknowledged.size);
    return undefined;
  });
  report.act('tokyo', `serves customers again who were refused while it was cut off: ${desks.tokyo.acknowledged.size} sold in all`);
  await Promise.all(regionNames.map((name) => desks[name].sell(desks[name].openCount)));
  const isServed = await serveWaiting(desks);
  await world.untilConverged({ deadlineMs: patienceMs, collections });
  report.timeline(await watch.stop());
  for (const name of regionNames) {
    const refusals = desks[name].refusals.slice(refusedBefore.get(name));
    report.act(name, `sold ${desks[name].acknowledged.size} in all; ${refusals.length} refusals in this scene`);
    for (const line of explain(refusals)) report.say(line);
  }
  report.promise('in the end nobody is refused but for an empty stock', isServed ? [] : waitingObjections(desks));
  report.promise('rights add up to the stock, in every view', watch.objections);
}

async function verify({ world, report }: Story, desks: Desks): Promise<void> {
  report.scene('The books');
  const { digests } = await world.untilConverged({ deadlineMs: patienceMs, collections });
  const sales = await Promise.all(regionNames.map(async (name) => [name, await readSale(world.region(name).client)] as const));
  const shown = new Map(sales);
  const cell = (name: RegionName): string => {
    const sale = shown.get(name);
    return `stock ${sale?.stock}, reserved ${sale?.reserved}`;
  };
  report.table([{ label: article.id, cells: { 'new-york': cell('new-york'), berlin: cell('berlin'), tokyo: cell('tokyo') } }]);
  const sold = new Set(regionNames.flatMap((name) => [...desks[name].acknowledged]));
  const placed = sold.size + sumOf(desks, ({ turnedAwayCount }) => turnedAwayCount);
  report.say(`${placed} orders: ${sold.size} sold, ${placed - sold.size} turned away because nothing was left.`);
  report.promise(`exactly ${unitCount} are sold, and every customer has an answer`, [
    ...(sold.size === unitCount ? [] : [`${sold.size} were sold`]),
    ...(placed === orderCount ? [] : [`${placed} of ${orderCount} have an answer`]),
  ]);
  report.promise(
    'every region shows each acknowledged order once, and no other',
    sales.flatMap(([name, sale]) => saleObjections(sale, sold, unitCount).map((text) => `${cityOf(name)}: ${text}`)),
  );
  report.promise(
    'every refusal was for want of rights',
    regionNames.flatMap((name) => desks[name].faults.slice(0, faultsShownMax)),
  );
  report.promise(`equal digests of all ${digests.size} documents at equal version vectors`, []);
}

/** Those who were refused come back until they are served, or all is sold. False when they still wait. */
async function serveWaiting(desks: Desks): Promise<boolean> {
  const isServed = await poll(patienceMs, async () => {
    if (regionNames.every((name) => desks[name].waitingCount + desks[name].unansweredCount === 0)) return true;
    await Promise.all(regionNames.map((name) => desks[name].repeat()));
    await Promise.all(regionNames.map((name) => desks[name].retry(desks[name].waitingCount)));
    return undefined;
  });
  return isServed === true && regionNames.every((name) => desks[name].faults.length === 0);
}

function waitingObjections(desks: Desks): string[] {
  return regionNames.map((name) => {
    const { waitingCount, unansweredCount, faults } = desks[name];
    return `${cityOf(name)}: ${waitingCount} wait, ${unansweredCount} have no answer, ${faults.length} met a fault`;
  });
}

/** Refusals in words: how many of a kind, and where the rest of the rights was. */
function explain(refusals: readonly RightsRefusal[]): string[] {
  const soldOut = refusals.filter(({ total }) => total === 0).length;
  const beyondReach = refusals.filter(({ total, holders }) => total > 0 && holders.every(({ isReachable }) => !isReachable));
  const late = refusals.length - soldOut - beyondReach.length;
  const last = beyondReach.at(-1);
  const elsewhere =
    last?.holders.map(({ region, rights }) => `${rights} in ${isRegionName(region) ? cityOf(region) : region}`).join(', ') ?? '';
  return [
    ...(beyondReach.length > 0 ? [`  ${beyondReach.length} x the rest is out of reach, as far as known: ${elsewhere || 'nowhere'}`] : []),
    ...(late > 0 ? [`  ${late} x rights were asked for, and did not come in time`] : []),
    ...(soldOut > 0 ? [`  ${soldOut} x all is sold: no rights are left in any region`] : []),
  ];
}

function sumOf(desks: Desks, count: (desk: OrderDesk) => number): number {
  return regionNames.reduce((sum, name) => sum + count(desks[name]), 0);
}
