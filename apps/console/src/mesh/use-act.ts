import { useState } from 'react';
import { useMonitor } from './use-mesh.ts';

export type Act = (action: () => Promise<unknown>) => void;

/** Does something to the demo world and looks at it; `failure` says why the last one was not done. */
export function useAct(): { readonly act: Act; readonly failure: string } {
  const monitor = useMonitor();
  const [failure, setFailure] = useState('');
  const act = (action: () => Promise<unknown>): void => {
    setFailure('');
    action()
      .then(() => monitor.lookAtWorld())
      .catch((error: unknown) => setFailure(error instanceof Error ? error.message : String(error)));
  };
  return { act, failure };
}
