import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const commands = ['chromium', 'chromium-browser', 'google-chrome'];
/** Chromium asks the network for much of its own accord; the tests stay on loopback. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser of CHROME_PATH, or the first Chromium on the path. @throws Error saying how to get one. */
export function launchBrowser(): Promise<Browser> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = commands.flatMap((command) => folders.map((folder) => join(folder, command)));
  const executablePath = [process.env.CHROME_PATH ?? '', ...candidates].find(existsSync);
  if (executablePath === undefined) throw new Error('no browser: install chromium, or set CHROME_PATH to the path of one');
  return chromium.launch({ executablePath, args: flags });
}
