import { describe, expect, test } from 'vitest';
import { customerIn, customerOf } from './customer.ts';
import { addressesIn, addressesKey, rememberAddresses, rememberedAddresses } from './region-addresses.ts';

class Shelf {
  readonly #kept = new Map<string, string>();
  getItem = (key: string): string | null => this.#kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.#kept.set(key, value);
}

const regions = [
  { name: 'berlin', url: 'http://127.0.0.1:7102' },
  { name: 'tokyo', url: 'http://127.0.0.1:7103' },
];

describe('where the regions are', () => {
  test('[SHOP9] is read from the status of the world, and nothing else of it', () => {
    expect(addressesIn({ regions: regions.map((region) => ({ ...region, process: { pid: 1 } })), links: [] })).toEqual(regions);
  });

  test('[SHOP9] is remembered for a start without anybody to ask', () => {
    const shelf = new Shelf();
    expect(rememberedAddresses(shelf)).toBeUndefined();
    rememberAddresses(shelf, regions);
    expect(rememberedAddresses(shelf)).toEqual(regions);
    shelf.setItem(addressesKey, '{"regions":[');
    expect(rememberedAddresses(shelf)).toBeUndefined();
  });

  test.each([
    ['nothing', null],
    ['no list', { regions: 'berlin' }],
    ['another scheme', { regions: [{ name: 'berlin', url: 'javascript:alert(1)' }] }],
    ['a name that is none', { regions: [{ name: 'Berlin!', url: 'http://127.0.0.1:1' }] }],
    ['one name twice', { regions: [regions[0], regions[0]] }],
  ])('[SHOP9] is refused as %s', (_case, status) => {
    expect(addressesIn(status)).toBeUndefined();
  });
});

describe('who is shopping', () => {
  test('[SHOP9] a link names a customer, who stays; without one a random name is kept', () => {
    const shelf = new Shelf();
    expect(customerOf('', shelf, () => 'k3')).toBe('guest-k3');
    expect(customerOf('', shelf, () => 'other')).toBe('guest-k3');
    expect(customerOf('?customer=Ann', shelf, () => 'other')).toBe('ann');
    expect(customerOf('', shelf, () => 'other')).toBe('ann');
  });

  test('[SHOP9] a name that cannot be the id of a document is no name', () => {
    for (const search of ['?customer=', '?customer=a/b', '?customer=../x', `?customer=${'a'.repeat(99)}`]) {
      expect(customerIn(search)).toBeUndefined();
    }
  });
});
