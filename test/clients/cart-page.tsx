// The page that docs/client.md shows, word for word.

import type { Client, Write } from '@anabranch/client';
import { useClientStatus, useDocument, usePresence, useWriteState } from '@anabranch/client/react';
import { useEffect, useState } from 'react';
import type { collections } from './client-guide.ts';

type ShopClient = Client<typeof collections>;

export function CartPage({ client, id }: { readonly client: ShopClient; readonly id: string }) {
  const [attempt, setAttempt] = useState(0);
  return <Cart key={`${id} ${attempt}`} client={client} id={id} onRetry={() => setAttempt(attempt + 1)} />;
}

interface CartProps {
  readonly client: ShopClient;
  readonly id: string;
  readonly onRetry: () => void;
}

function Cart({ client, id, onRetry }: CartProps) {
  const { document, value, error } = useDocument(client, 'carts', id, { startEmpty: true });
  const { connection, pendingWrites } = useClientStatus(client);
  const others = usePresence(document);
  const [write, setWrite] = useState<Write>();
  const state = useWriteState(write);
  useEffect(() => {
    document?.presence.set({ name: 'Ann' });
    return () => document?.presence.set(undefined);
  }, [document]);
  if (error !== undefined) return <button type="button" onClick={onRetry}>{`${error.code}: try again`}</button>;
  if (document === undefined || value === undefined) return <p>Opening</p>;
  const addTea = (): void => setWrite(document.edit([{ op: 'increment', path: '/items/tea/qty', by: 1 }]));
  return (
    <section>
      <button type="button" onClick={addTea}>{`Tea: ${value.items['tea']?.qty ?? 0}`}</button>
      <p>{`${connection}, ${pendingWrites} to send, the last write is ${state ?? 'not made'}, ${others.size} others`}</p>
    </section>
  );
}
