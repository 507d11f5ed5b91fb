import { useClientStatus } from '@anabranch/client/react';
import { useEffect, useState } from 'react';
import { lastHeardAt, rememberHeard } from '../sync/last-heard.ts';
import type { ShopClient } from '../sync/shop-clients.ts';

/** A tab that is killed in between says an earlier time. */
const noteEveryMs = 5_000;

/** When a region was last heard of, in milliseconds since 1970; undefined while one is, and on a device that never heard of any. */
export function useLastHeard(client: ShopClient): number | undefined {
  const isOnline = useClientStatus(client).connection === 'online';
  const [heardAt, setHeardAt] = useState(() => lastHeardAt(localStorage));
  useEffect(() => {
    if (!isOnline) return;
    const note = (): void => setHeardAt(rememberHeard(localStorage, Date.now()));
    note();
    const timer = setInterval(note, noteEveryMs);
    return () => {
      clearInterval(timer);
      note();
    };
  }, [isOnline]);
  return isOnline ? undefined : heardAt;
}
