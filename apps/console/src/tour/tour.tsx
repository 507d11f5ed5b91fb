import { useEffect, useState } from 'react';
import { cityOf } from '../mesh/places.ts';
import { useMesh, useMonitor } from '../mesh/use-mesh.ts';
import { WorldMap } from '../views/world-map.tsx';
import { beginTour, leaveTidy, steps, type TourRegion, type TourWorld, tidyText, tidyUp, tourRegions } from './steps.ts';
import { type CartCopy, useCopies } from './use-copies.ts';

type Progress =
  | { readonly state: 'ready' }
  | { readonly state: 'working' }
  | { readonly state: 'done'; readonly outcome: string }
  | { readonly state: 'failed'; readonly why: string };

/** Two minutes: a cart in three regions, a partition, a crash, and the way back together. */
export function Tour() {
  const [world, setWorld] = useState<TourWorld>();
  const [at, setAt] = useState(0);
  const [progress, setProgress] = useState<Progress>({ state: 'ready' });
  const { copies, look } = useCopies(world);
  const mesh = useMesh();
  const tidying = tidyText(mesh);
  const step = steps[at];
  const isOver = at >= steps.length;

  const begin = async (): Promise<void> => {
    setProgress({ state: 'working' });
    try {
      await tidyUp();
      setWorld(await beginTour());
      setAt(0);
      setProgress({ state: 'ready' });
    } catch (error) {
      setProgress({ state: 'failed', why: messageOf(error) });
    }
  };
  const run = async (): Promise<void> => {
    if (step === undefined || world === undefined) return;
    setProgress({ state: 'working' });
    const came = await step.run(world).then(
      (outcome): Progress => ({ state: 'done', outcome }),
      (error: unknown): Progress => ({ state: 'failed', why: messageOf(error) }),
    );
    // What is said of the carts is not ahead of what is shown of them.
    await look();
    setProgress(came);
  };
  const next = (): void => {
    setAt(at + 1);
    setProgress({ state: 'ready' });
  };
  // Leaving in the middle leaves nothing cut.
  const monitor = useMonitor();
  const isUnderWay = world !== undefined && !isOver;
  useEffect(() => {
    const leave = (): void => leaveTidy(monitor.snapshot);
    if (isUnderWay) addEventListener('pagehide', leave);
    return () => removeEventListener('pagehide', leave);
  }, [monitor, isUnderWay]);

  if (world === undefined) {
    return (
      <section className="panel tour" aria-labelledby="tour">
        <h2 id="tour">A tour of a partition, in two minutes</h2>
        <p>
          Six steps on the real thing: three region processes on this machine, with the delays of the ocean between them. You cut a cable,
          kill a process, and look at what a shopping cart makes of it.
        </p>
        {tidying !== '' && <p className="notice">{tidying}</p>}
        {progress.state === 'failed' && <p className="alarm">{progress.why}</p>}
        <button type="button" className="primary" disabled={progress.state === 'working'} onClick={() => void begin()}>
          {tidying === '' ? 'Start the tour' : 'Mend that and start the tour'}
        </button>
      </section>
    );
  }
  return (
    <section className="panel tour" aria-labelledby="tour">
      <div className="tour-text" aria-live="polite">
        <p className="fact">{isOver ? 'The end' : `Step ${at + 1} of ${steps.length}`}</p>
        <h2 id="tour">{step?.title ?? 'All together again'}</h2>
        <p>
          {step?.text ??
            'Nothing was lost, nothing was counted twice, and no region ever waited for another one to take a write. Now break it yourself.'}
        </p>
        {progress.state === 'done' && <p className="outcome">{progress.outcome}</p>}
        {progress.state === 'failed' && <p className="alarm">{progress.why}</p>}
        <div className="ways">
          {step !== undefined && progress.state !== 'done' && (
            <button type="button" className="primary" disabled={progress.state === 'working'} onClick={() => void run()}>
              {progress.state === 'working' ? 'Working …' : step.act}
            </button>
          )}
          {progress.state === 'done' && (
            <button type="button" className="primary" onClick={next}>
              {at + 1 < steps.length ? 'Next' : 'Finish'}
            </button>
          )}
          {isOver && (
            <>
              <a className="button primary" href="/shop/">
                Go shopping
              </a>
              <a className="button" href="/shop/#/three-carts">
                Break three carts
              </a>
              <a className="button" href="/console/">
                Open the console
              </a>
              <button type="button" onClick={() => void begin()}>
                {tidying === '' ? 'Once more' : 'Mend what is broken, and once more'}
              </button>
            </>
          )}
        </div>
      </div>
      <div className="copies">
        {tourRegions.map((region) => (
          <CopyCard key={region} region={region} copy={copies[region]} />
        ))}
      </div>
      <WorldMap />
    </section>
  );
}

function CopyCard({ region, copy }: { readonly region: TourRegion; readonly copy: CartCopy }) {
  const { quantity, digest, isAnswering } = copy;
  return (
    <section className={isAnswering ? 'copy' : 'copy stale'} aria-label={`The cart in ${cityOf(region)}`}>
      <h3>{cityOf(region)}</h3>
      <p className="quantity">{quantity ?? '…'}</p>
      <p className="fact">packs of tea</p>
      {isAnswering ? <code className="digest">{digest.slice(0, 12)}</code> : <span className="badge bad">no answer</span>}
    </section>
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
