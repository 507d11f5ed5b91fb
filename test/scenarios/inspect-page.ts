import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const pictures = fileURLToPath(new URL('../output/screenshots/', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Looks at what is shown, in both sizes and schemes: no barriers, nothing wider than the page. Keeps pictures of it. */
export async function inspectPage(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  for (const size of [
    { width: 1280, height: 900 },
    { width: 390, height: 844 },
  ]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.evaluate(axe);
      const { violations } = (await page.evaluate('axe.run(document)')) as AxeResults;
      const barriers = violations.filter(({ impact }) => impact !== 'minor');
      const look = `${name}, ${size.width} px, ${colorScheme}`;
      expect(
        barriers.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
        look,
      ).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), look).toBeLessThanOrEqual(size.width);
      await page.screenshot({ path: `${pictures}${name}-${size.width}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
}
