import { type Command, type Direction, type LinkView, worldApi } from '../api/world-api.ts';
import { hearingText } from '../mesh/link-text.ts';
import type { RegionView } from '../mesh/mesh-monitor.ts';
import { cityOf } from '../mesh/places.ts';
import { type Act, useAct } from '../mesh/use-act.ts';
import { useMesh } from '../mesh/use-mesh.ts';
import { LoadPanel } from './load-panel.tsx';
import { NumberForm } from './number-form.tsx';

/** Milliseconds of one way. The demo world itself takes up to a minute. */
const delayBounds = { min: 0, max: 10_000 } as const;

/** The partition board: what may be done to this machine's world. */
export function BoardView() {
  const { regions, links } = useMesh();
  const { act, failure } = useAct();
  return (
    <section className="panel" aria-labelledby="board">
      <header>
        <h2 id="board">Partition board</h2>
        <button type="button" onClick={() => act(() => Promise.all(links.map((link) => worldApi.changeLink(link, { state: 'up' }))))}>
          Heal all links
        </button>
      </header>
      <p role="alert" className="alarm">
        {failure}
      </p>
      <div className="cards">
        {links.map((link) => (
          <LinkCard key={`${link.a} ${link.b}`} link={link} act={act} />
        ))}
        {regions.map((region) => (
          <ProcessCard key={region.name} region={region} act={act} />
        ))}
        <LoadPanel act={act} />
      </div>
    </section>
  );
}

const ways = [
  ['both', 'Both ways'],
  ['a-to-b', 'Out'],
  ['b-to-a', 'Back'],
] as const satisfies readonly (readonly [Direction, string])[];

function LinkCard({ link, act }: { readonly link: LinkView; readonly act: Act }) {
  const [a, b] = [cityOf(link.a), cityOf(link.b)];
  const isUp = (direction: Direction): boolean =>
    (direction === 'b-to-a' || link.aToB.state === 'up') && (direction === 'a-to-b' || link.bToA.state === 'up');
  const titles: Record<Direction, string> = { both: `${a} and ${b}`, 'a-to-b': `${a} to ${b}`, 'b-to-a': `${b} to ${a}` };
  return (
    <article className="card" aria-label={`Link ${a} – ${b}`}>
      <h3>
        {a} – {b}
      </h3>
      <p className="fact" role="status">
        {hearingText(link)}.
      </p>
      <div className="ways">
        {ways.map(([direction, word]) => (
          <button
            key={direction}
            type="button"
            aria-pressed={!isUp(direction)}
            onClick={() => act(() => worldApi.changeLink(link, { direction, state: isUp(direction) ? 'cut' : 'up' }))}
          >
            {isUp(direction) ? 'Cut' : 'Heal'} {direction === 'both' ? word.toLowerCase() : titles[direction]}
          </button>
        ))}
      </div>
      <NumberForm
        label="Delay of one way, ms"
        bounds={delayBounds}
        initial={Math.round(link.aToB.delayMs)}
        onSubmit={(delayMs) => act(() => worldApi.changeLink(link, { delayMs }))}
      >
        <button type="submit">Set</button>
      </NumberForm>
    </article>
  );
}

const commands = [
  ['kill', 'Kill (kill -9)'],
  ['restart', 'Restart'],
  ['pause', 'Pause'],
  ['resume', 'Resume'],
] as const satisfies readonly (readonly [Command, string])[];

function ProcessCard({ region, act }: { readonly region: RegionView; readonly act: Act }) {
  const state = region.process?.processState ?? 'unknown';
  const isPossible: Record<Command, boolean> = {
    kill: state === 'running' || state === 'paused',
    restart: state !== 'starting',
    pause: state === 'running',
    resume: state === 'paused',
  };
  return (
    <article className="card" aria-label={`Process of ${cityOf(region.name)}`}>
      <h3>
        {cityOf(region.name)} <span className={`badge ${state === 'running' ? 'good' : 'warn'}`}>{state}</span>
      </h3>
      <div className="ways">
        {commands.map(([command, word]) => (
          <button
            key={command}
            type="button"
            disabled={!isPossible[command]}
            onClick={() => act(() => worldApi.command(region.name, command))}
          >
            {word}
          </button>
        ))}
      </div>
    </article>
  );
}
