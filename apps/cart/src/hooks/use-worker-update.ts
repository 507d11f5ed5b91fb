import { useEffect, useState } from 'react';

/** How to go on with a new version of the shop, once there is one; undefined before. */
export function useWorkerUpdate(): (() => void) | undefined {
  const [waiting, setWaiting] = useState<ServiceWorker>();
  useEffect(() => {
    if (import.meta.env.DEV || !('serviceWorker' in navigator)) return;
    let isShown = true;
    const watch = (registration: ServiceWorkerRegistration, worker: ServiceWorker | null): void => {
      const look = (): void => {
        // The first one of all has nothing to replace. The page need not be controlled by the one before: it may have been
        // loaded past it, or before it was there.
        const { active } = registration;
        if (isShown && worker?.state === 'installed' && active !== null && active !== worker) setWaiting(worker);
      };
      worker?.addEventListener('statechange', look);
      look();
    };
    navigator.serviceWorker.register(`${import.meta.env.BASE_URL}service-worker.js`).then(
      (registration) => {
        // What is told of as found may be ready by the time this hears of it, and what was found before is not told again.
        const watchNewest = (): void => {
          watch(registration, registration.installing);
          watch(registration, registration.waiting);
        };
        watchNewest();
        registration.addEventListener('updatefound', watchNewest);
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
