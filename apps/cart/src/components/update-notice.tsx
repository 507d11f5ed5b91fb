import type { ReactElement } from 'react';
import { useWorkerUpdate } from '../hooks/use-worker-update.ts';

/** Says that there is a new version. It is used when all tabs were closed, or at once by who wants it. */
export function UpdateNotice(): ReactElement {
  const useNow = useWorkerUpdate();
  return (
    <div role="status">
      {useNow !== undefined && (
        <p className="update-notice">
          A new version of the shop is ready.
          <button type="button" className="button button-small" onClick={useNow}>
            Use it now
          </button>
        </p>
      )}
    </div>
  );
}
