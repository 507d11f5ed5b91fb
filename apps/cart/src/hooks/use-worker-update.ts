import { useEffect, useState } from 'react';

/** How to go on with a new version of the shop, once there is one; undefined before. */
export function useWorkerUpdate(): (() => void) | undefined {
  const [waiting, setWaiting] = useState<ServiceWorker>();
  useEffect(() => {
    if (import.meta.env.DEV || !('serviceWorker' in navigator)) return;
    let isShown = true;
    const watch = (worker: ServiceWorker | null): void => {
      const look = (): void => {
        // The first one of all has nothing to replace.
        if (isShown && worker?.state === 'installed' && navigator.serviceWorker.controller !== null) setWaiting(worker);
      };
      worker?.addEventListener('statechange', look);
      look();
    };
    navigator.serviceWorker.register(`${import.meta.env.BASE_URL}service-worker.js`).then(
      (registration) => {
        watch(registration.waiting);
        registration.addEventListener('updatefound', () => watch(registration.installing));
      },
      // Without a worker the shop still sells; it only does not start offline.
      () => {},
    );
    return () => {
      isShown = false;
    };
  }, []);
  if (waiting === undefined) return undefined;
  return () => {
    // Another tab may have asked for it already; then it only has to be loaded.
    if (waiting.state !== 'installed') return location.reload();
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    waiting.postMessage('use-now');
  };
}
