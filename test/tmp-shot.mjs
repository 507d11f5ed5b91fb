import { chromium } from 'playwright-core';
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-gpu'] });
const base = process.argv[2] ?? 'http://127.0.0.1:8100';
const log = [];
const p = await b.newPage({ viewport: { width: 1280, height: 900 } });
p.on('pageerror', e => log.push('pageerror ' + e.message)); p.on('console', m => m.type() === 'error' && log.push('console ' + m.text()));
await p.goto(base + '/'); await p.waitForTimeout(1500); await p.screenshot({ path: '/tmp/x/s-index.png', fullPage: true });
await p.getByRole('button', { name: 'Start the tour' }).click();
for (let i = 0; i < 6; i++) {
  const act = p.locator('.tour-text .primary'); await act.click();
  await p.getByRole('button', { name: 'Next' }).or(p.locator('.tour-text .alarm')).first().waitFor({ timeout: 30000 });
  console.log(i, await p.locator('.tour-text').innerText());
  if (i === 3) await p.screenshot({ path: '/tmp/x/s-tour.png', fullPage: true });
  await p.getByRole('button', { name: 'Next' }).click();
}
await p.screenshot({ path: '/tmp/x/s-tour-end.png', fullPage: true });
await p.goto(base + '/console/'); await p.waitForTimeout(5000); await p.screenshot({ path: '/tmp/x/s-console.png', fullPage: true });
await p.getByRole('button', { name: 'Documents', exact: true }).click(); await p.waitForTimeout(800); await p.locator('.ids button').first().click(); await p.waitForTimeout(1500); await p.screenshot({ path: '/tmp/x/s-docs.png', fullPage: true });
await p.getByRole('button', { name: 'Members' }).click(); await p.waitForTimeout(500); await p.screenshot({ path: '/tmp/x/s-members.png', fullPage: true });
await p.getByRole('button', { name: 'Partition board' }).click(); await p.waitForTimeout(1500); await p.screenshot({ path: '/tmp/x/s-board.png', fullPage: true });
const q = await b.newPage({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' });
await q.goto(base + '/console/'); await q.waitForTimeout(4000); await q.screenshot({ path: '/tmp/x/s-console-phone.png', fullPage: true });
console.log(log.join('\n'));
await b.close();
