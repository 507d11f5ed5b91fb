// The story: six accounts, opened in three regions; customers everywhere move money between them, some of them only content when
// a majority of regions, or all, hold their transfer. One region is cut off, another loses power, and all the while somebody
// counts the money in every region.

import { poll } from '../poll.ts';
import type { RightsRefusal } from '../region-rights.ts';
import { cityOf } from '../story/report.ts';
import type { Story } from '../story/run-story.ts';
import { type RegionName, regionNames } from '../world-plan.ts';
import { ledgerObjections, viewObjections } from './audit.ts';
import { accountHomes, accountNames, accountsCollection, openingOf, parseAccount, type Transfer } from './ledger.ts';
import { Teller } from './teller.ts';
import { readAtOnce, TotalWatch } from './total-watch.ts';

const mainland = ['new-york', 'berlin'] as const;
const collections = [accountsCollection];
/** How long regions that can reach each other may take to converge, on a busy machine. */
const patienceMs = 60_000;
/** Faults of one region that are printed. */
const faultsShownMax = 5;

type Tellers = Readonly<Record<RegionName, Teller>>;

interface Bank extends Story {
  readonly tellers: Tellers;
  readonly watch: TotalWatch;
  readonly total: number;
  /** Transfers that were answered as held by all, and that some region did not show. */
  readonly broken: string[];
}

export async function tellStory(story: Story): Promise<void> {
  const total = await openAccounts(story);
  const broken: string[] = [];
  const bank = { ...story, tellers: openTellers(story, broken), watch: new TotalWatch(story.world, total), total, broken };
  await moveMoney(bank);
  await loseRegions(bank);
  await heal(bank);
  await verify(bank);
}

async function openAccounts({ world, report, random }: Story): Promise<number> {
  report.scene('Six accounts, three regions');
  let total = 0;
  for (const name of accountNames) {
    const amount = random.between(80, 240);
    const home = accountHomes[name];
    await world.region(home).client.edit(accountsCollection, name, openingOf(amount), { idempotencyKey: `opening-${name}` });
    report.act(home, `${name} opens an account and pays in ${amount}`);
    total += amount;
  }
  await world.untilConverged({ deadlineMs: patienceMs, collections });
  report.say(`${total} in all. From now on the money is counted in every region, again and again.`);
  return total;
}

function openTellers({ world, random }: Story, broken: string[]): Tellers {
  /** Whoever is said to hold a transfer shows it. */
  const onHeldByAll = async ({ id, to }: Transfer): Promise<void> => {
    const name = regionNames[random.between(0, regionNames.length - 1)] ?? 'tokyo';
    const shown = await world.region(name).client.read(accountsCollection, to);
    const isShown = parseAccount(to, shown).log.some((entry) => entry.id === id);
    if (!isShown) broken.push(`${cityOf(name)} does not show ${id}, which it is said to hold`);
  };
  const teller = (name: RegionName) => new Teller({ client: world.region(name).client, random, onHeldByAll });
  return { 'new-york': teller('new-york'), berlin: teller('berlin'), tokyo: teller('tokyo') };
}

async function moveMoney(bank: Bank): Promise<void> {
  const { world, report, random, tellers } = bank;
  report.scene('Money moves');
  await Promise.all(regionNames.map((name) => tellers[name].serve(random.between(24, 36))));
  await world.untilConverged({ deadlineMs: patienceMs, collections });
  tell(bank, before());
  await showAccounts(bank);
  report.promise('what is said to be held by all is shown by all', bank.broken);
  report.promise('with every region in reach every concern is met, on a busy machine a moment later', await untilMet(bank));
}

async function loseRegions(bank: Bank): Promise<void> {
  const { world, report, random, tellers } = bank;
  const victim = mainland[random.between(0, 1)] ?? 'berlin';
  report.scene(`Tokyo is cut off, and ${cityOf(victim)} loses power`);
  const earlier = before(tellers);
  world.isolate('tokyo');
  report.say('Both links of Tokyo are black holes now: nothing arrives, nothing is closed.');
  const region = world.region(victim);
  const madeBefore = tellers[victim].made.size + random.between(5, 10);
  const whenServed = Promise.all(regionNames.map((name) => tellers[name].serve(random.between(28, 40))));
  await poll(patienceMs, async () => (tellers[victim].made.size >= madeBefore ? true : undefined), 1);
  await region.process.kill();
  await whenServed;
  const made = new Map(tellers[victim].made);
  report.act(victim, `kill -9 after ${made.size} acknowledged transfers; ${tellers[victim].unansweredCount} got no answer`);
  await region.process.restart();
  await world.untilReady([victim]);
  const shown = new Set((await readAtOnce(region.client)).flatMap(({ log }) => log.map(({ id }) => id)));
  report.promise(
    'no acknowledged transfer was lost, pending or not',
    [...made.keys()].filter((id) => !shown.has(id)).map((id) => `${cityOf(victim)} no longer shows ${id}`),
  );
  await tellers[victim].repeat();
  report.act(victim, `starts again; who got no answer repeats the transfer: ${tellers[victim].made.size} made in all`);
  tell(bank, earlier);
  const metInTokyo = tellers.tokyo.met.all + tellers.tokyo.met.majority - (earlier.get('tokyo')?.met ?? 0);
  report.promise('cut off, Tokyo says of no transfer that others hold it', metInTokyo === 0 ? [] : [`it says so of ${metInTokyo}`]);
}

async function heal(bank: Bank): Promise<void> {
  const { world, report, random, tellers } = bank;
  report.scene('The links heal');
  const earlier = before(tellers);
  world.healAll();
  await Promise.all(regionNames.map((name) => tellers[name].serve(random.between(18, 28))));
  await Promise.all(regionNames.map((name) => tellers[name].repeat()));
  await world.untilConverged({ deadlineMs: patienceMs, collections });
  tell(bank, earlier);
  const open = await untilMet(bank);
  report.promise('what was pending is held by everybody it was meant for in the end', open);
  report.promise('what is said to be held by all is shown by all', bank.broken);
}

async function verify(bank: Bank): Promise<void> {
  const { world, report, tellers, watch, total } = bank;
  report.scene('The books');
  await watch.stop();
  const { digests } = await world.untilConverged({ deadlineMs: patienceMs, collections });
  await showAccounts(bank);
  const made = new Map(regionNames.flatMap((name) => [...tellers[name].made]));
  const views = await Promise.all(regionNames.map(async (name) => [name, await readAtOnce(world.region(name).client)] as const));
  report.say(`${made.size} transfers were made.`);
  for (const name of regionNames) {
    const { atOnce, oneByOne } = watch.looks[name];
    report.act(name, `counted ${atOnce} times in one step, ${oneByOne} times by reads between two equal version vectors`);
  }
  report.promise(`always ${total} in all, no account below 0, and every transfer whole, in every view`, watch.objections);
  report.promise(
    'every acknowledged transfer is in the books of every region once, and no other',
    views.flatMap(([name, accounts]) =>
      [...viewObjections(accounts, total), ...ledgerObjections(accounts, made)].map((text) => `${cityOf(name)}: ${text}`),
    ),
  );
  report.promise(
    'every refusal was for want of rights, and every answer about a concern was honest',
    regionNames.flatMap((name) => tellers[name].faults.slice(0, faultsShownMax)),
  );
  report.promise(`equal digests of all ${digests.size} accounts at equal version vectors`, []);
}

async function showAccounts({ world, report }: Bank): Promise<void> {
  const views = new Map(await Promise.all(regionNames.map(async (name) => [name, await readAtOnce(world.region(name).client)] as const)));
  const cells = (text: (name: RegionName) => string) => ({ 'new-york': text('new-york'), berlin: text('berlin'), tokyo: text('tokyo') });
  const balance = (region: RegionName, account: string) => views.get(region)?.find(({ name }) => name === account)?.balance ?? 0;
  report.table([
    ...accountNames.map((account) => ({ label: account, cells: cells((name) => String(balance(name, account))) })),
    { label: 'in all', cells: cells((name) => String(accountNames.reduce((sum, account) => sum + balance(name, account), 0))) },
  ]);
}

/** What every pending transfer lacks, once it has had time enough. */
async function untilMet({ world, tellers }: Bank): Promise<string[]> {
  const asked = regionNames.flatMap((name) => tellers[name].pending.map((pending) => ({ ...pending, client: world.region(name).client })));
  const open: string[] = [];
  for (const { transfer, opId, concern, client } of asked) {
    const isMet = await poll(patienceMs, async () => ((await client.writeReport(opId, concern)).isMet ? true : undefined));
    if (isMet !== true) open.push(`${transfer.id} is not held by ${concern}`);
  }
  return open;
}

interface Tally {
  readonly made: number;
  readonly met: number;
  readonly pending: number;
  readonly refused: number;
}

/** What each teller has done so far. */
function before(tellers?: Tellers): ReadonlyMap<RegionName, Tally> {
  return new Map(
    regionNames.map((name) => {
      const teller = tellers?.[name];
      const met = (teller?.met.all ?? 0) + (teller?.met.majority ?? 0);
      return [name, { made: teller?.made.size ?? 0, met, pending: teller?.pending.length ?? 0, refused: teller?.refusals.length ?? 0 }];
    }),
  );
}

/** What each teller has done since. */
function tell({ report, tellers }: Bank, earlier: ReadonlyMap<RegionName, Tally>): void {
  const now = before(tellers);
  for (const name of regionNames) {
    const [to, from] = [now.get(name), earlier.get(name)];
    if (to === undefined || from === undefined) continue;
    const pending = to.pending - from.pending;
    report.act(
      name,
      `${to.made - from.made} transfers made; of ${to.met - from.met} a majority or all were waited for and hold them` +
        `${pending > 0 ? `, of ${pending} not yet` : ''}; ${to.refused - from.refused} refused`,
    );
    for (const line of explain(tellers[name].refusals.slice(from.refused))) report.say(line);
  }
}

/** Refusals in words. */
function explain(refusals: readonly RightsRefusal[]): string[] {
  const tooLow = refusals.filter(({ needed, total }) => total < needed).length;
  const others = refusals.filter(({ needed, total }) => total >= needed);
  const late = others.filter(({ needed, held, holders }) => held + reachable(holders) >= needed).length;
  const beyond = others.length - late;
  return [
    ...(tooLow > 0 ? [`  ${tooLow} x the account has less than that`] : []),
    ...(beyond > 0 ? [`  ${beyond} x the account has it, and the rights to spend it are out of reach`] : []),
    ...(late > 0 ? [`  ${late} x rights were asked for, and did not come in time`] : []),
  ];
}

function reachable(holders: RightsRefusal['holders']): number {
  return holders.reduce((sum, { rights, isReachable }) => sum + (isReachable ? rights : 0), 0);
}
