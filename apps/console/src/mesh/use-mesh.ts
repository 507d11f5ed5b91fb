import { useEffect, useState, useSyncExternalStore } from 'react';
import { MeshMonitor, type MeshSnapshot } from './mesh-monitor.ts';

const monitor = new MeshMonitor();

export function useMonitor(): MeshMonitor {
  return monitor;
}

export function useMesh(): MeshSnapshot {
  const source = useMonitor();
  return useSyncExternalStore(
    (changed) => source.subscribe(changed),
    () => source.snapshot,
  );
}

/** The time, each second: ages are shown by it. */
export function useNowMs(): number {
  const [nowMs, setNowMs] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(performance.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}

/** Begins to watch the regions that the address names, or those of the demo world. */
export function startMonitor(): void {
  const given = new URLSearchParams(location.search).getAll('region').filter((url) => URL.canParse(url));
  monitor.start(given);
}
