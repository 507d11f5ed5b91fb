// Who may import whom. The table below is the architecture; this check is what keeps it true.
//
// For every TypeScript file of every package it lists the imports, also the type-only and dynamic ones, and refuses
//   1. an import of a workspace package that the table does not allow, or that package.json does not declare,
//   2. a deep import: another package is entered through an entry that its package.json exports,
//   3. a relative import that leaves its package,
//   4. `node:*` in layers 0 to 3,
//   5. an npm package that is not in the table and in package.json,
//   6. a cycle between packages,
//   7. package.json and tsconfig.json disagreeing about the dependencies.
// Tests may import Node and the development dependencies of the root besides.
//
// Invariant 1: a check that reads nothing must fail. Every TypeScript file below libs, apps and test is read, or named.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';
import { projectFiles } from './source-files.mjs';

/** @typedef {{ layer: number, imports: readonly string[], npm: readonly string[] }} LayerRule */
/** @typedef {{ folder: string, name: string, rule: LayerRule | undefined, manifest: Manifest }} Package */
/** @typedef {{ name?: string, exports?: Record<string, unknown>, dependencies?: Record<string, string>,
 *              devDependencies?: Record<string, string> }} Manifest */

/** Layers 0 to 3 run in any JavaScript runtime: no Node, no I/O. */
const layerWithoutNodeMax = 3;

/** @type {Readonly<Record<string, LayerRule>>} by the folder's name below libs */
export const layerTable = {
  base: { layer: 0, imports: [], npm: [] },
  causality: { layer: 1, imports: ['base'], npm: [] },
  crdt: { layer: 2, imports: ['base', 'causality'], npm: ['yjs', '@automerge/automerge', 'lib0'] },
  protocol: { layer: 2, imports: ['base', 'causality'], npm: [] },
  engine: { layer: 3, imports: ['base', 'causality', 'crdt', 'protocol'], npm: [] },
  // Beside the engine, and with the platforms it runs on: no layer above is ever imported.
  client: { layer: 4, imports: ['base', 'causality', 'crdt', 'protocol'], npm: ['yjs', 'react'] },
  storage: { layer: 4, imports: ['base', 'causality', 'crdt', 'protocol', 'engine'], npm: ['lmdb'] },
  transport: { layer: 4, imports: ['base', 'causality', 'crdt', 'protocol', 'engine'], npm: ['ws'] },
  server: {
    layer: 4,
    imports: ['base', 'causality', 'crdt', 'protocol', 'engine'],
    npm: ['express', 'ws', 'yjs', '@automerge/automerge', 'y-protocols', 'lib0', 'zod', 'cbor-x'],
  },
  system: { layer: 4, imports: ['base'], npm: ['pino', 'prom-client'] },
  netfault: { layer: 4, imports: ['base'], npm: [] },
};

/**
 * Checks the tree below `root`.
 * @param {string} root
 * @returns {{ problems: string[], filesRead: number }}
 */
export function checkLayers(root) {
  const files = projectFiles(root);
  const packages = findPackages(root, files);
  const rootTools = Object.keys(readManifest(root, 'package.json').devDependencies ?? {});
  const problems = packages.flatMap((pkg) => manifestProblems(root, pkg, packages));
  const sources = files.filter((file) => /^(libs|apps|test)\/.*\.[cm]?tsx?$/.test(file));
  /** @type {Map<string, Set<string>>} */
  const graph = new Map();
  let filesRead = 0;
  for (const pkg of packages) {
    const imports = sources.filter((file) => isSourceOf(pkg, file)).map((file) => ({ file, specifiers: importsOf(join(root, file)) }));
    filesRead += imports.length;
    for (const { file, specifiers } of imports) {
      const tools = isTest(file) ? rootTools : [];
      for (const specifier of specifiers) {
        const problem = importProblem({ pkg, file, specifier, tools, packages });
        if (problem !== undefined) problems.push(`${file}: imports ${specifier}: ${problem}`);
      }
    }
    const imported = imports.filter(({ file }) => !isTest(file)).flatMap(({ specifiers }) => specifiers.map(packageNameOf));
    graph.set(pkg.name, new Set(imported.filter((name) => name !== pkg.name && packages.some((other) => other.name === name))));
  }
  const cycle = findCycle(graph);
  if (cycle !== undefined) problems.push(`packages import each other in a cycle: ${cycle.join(' -> ')}`);
  if (filesRead < sources.length || filesRead === 0) {
    problems.push(`read ${filesRead} of ${sources.length} TypeScript files: the others lie in no package's src`);
  }
  return { problems, filesRead };
}

/** @typedef {{ pkg: Package, file: string, specifier: string, tools: readonly string[], packages: readonly Package[] }} Import */

/** @param {Import} use @returns {string | undefined} */
function importProblem(use) {
  const { pkg, file, specifier, packages } = use;
  if (specifier.startsWith('.')) {
    const target = posix.join(dirname(file), specifier);
    return target.startsWith(`${pkg.folder}/`) || isOwnScript(pkg, target) ? undefined : 'it leaves the package';
  }
  if (specifier.startsWith('node:')) {
    const isAllowed = isTest(file) || pkg.rule === undefined || pkg.rule.layer > layerWithoutNodeMax;
    return isAllowed ? undefined : `layer ${pkg.rule?.layer} does no I/O`;
  }
  const target = packages.find((other) => other.name === packageNameOf(specifier));
  return target === undefined ? npmProblem(use) : workspaceProblem(use, target);
}

/** @param {Import} use @returns {string | undefined} */
function npmProblem({ pkg, file, specifier, tools }) {
  const name = packageNameOf(specifier);
  if (tools.includes(name)) return undefined;
  if (!declares(pkg, name)) return 'package.json does not declare it';
  return pkg.rule === undefined || pkg.rule.npm.includes(name) || isTest(file) ? undefined : 'the layer table does not allow it';
}

/** @param {Import} use @param {Package} target @returns {string | undefined} */
function workspaceProblem({ pkg, specifier }, target) {
  const entry = specifier === target.name ? '.' : `.${specifier.slice(target.name.length)}`;
  if (!(entry in (target.manifest.exports ?? {}))) return 'it is no public entry of that package';
  if (target === pkg) return 'a package does not import itself by name';
  if (pkg.rule !== undefined && !pkg.rule.imports.includes(posix.basename(target.folder))) return 'the layer table does not allow it';
  return declares(pkg, target.name) ? undefined : 'package.json does not declare it';
}

/** @param {Package} pkg @param {string} name */
function declares(pkg, name) {
  return name in { ...pkg.manifest.dependencies, ...pkg.manifest.devDependencies };
}

/** @param {string} root @param {Package} pkg @param {readonly Package[]} packages */
function manifestProblems(root, pkg, packages) {
  const problems = [];
  const isLibrary = pkg.folder.startsWith('libs/');
  if (isLibrary && pkg.rule === undefined) problems.push(`${pkg.folder}: is not in the layer table`);
  const dependencies = Object.keys(pkg.manifest.dependencies ?? {});
  for (const name of dependencies) {
    const target = packages.find((other) => other.name === name);
    const isAllowed = target === undefined ? pkg.rule?.npm.includes(name) : pkg.rule?.imports.includes(posix.basename(target.folder));
    if (isLibrary && isAllowed === false) problems.push(`${pkg.folder}/package.json: the layer table does not allow ${name}`);
  }
  const references = referencesOf(root, pkg.folder);
  if (references === undefined) return problems;
  const expected = packages.filter((other) => dependencies.includes(other.name)).map((other) => other.folder);
  if (references.join() !== expected.sort().join()) {
    problems.push(`${pkg.folder}/tsconfig.json: references [${references.join(', ')}], package.json needs [${expected.join(', ')}]`);
  }
  if (!referencesOf(root, '')?.includes(pkg.folder)) problems.push(`tsconfig.json: does not reference ${pkg.folder}`);
  return problems;
}

/** @param {string} root @param {string} folder @returns {string[] | undefined} folders, relative to root; undefined without tsconfig */
function referencesOf(root, folder) {
  const path = join(root, folder, 'tsconfig.json');
  if (!existsSync(path)) return undefined;
  /** @type {{ config?: { references?: Array<{ path: string }> } }} */
  const { config } = ts.parseConfigFileTextToJson(path, readFileSync(path, 'utf8'));
  return (config?.references ?? []).map((reference) => posix.join(folder, reference.path)).sort();
}

/** @param {string} root @param {readonly string[]} files @returns {Package[]} */
function findPackages(root, files) {
  return files
    .filter((file) => /^((libs|apps)\/[^/]+|test)\/package\.json$/.test(file))
    .map((file) => {
      const folder = posix.dirname(file);
      const manifest = readManifest(root, file);
      const rule = folder.startsWith('libs/') ? layerTable[posix.basename(folder)] : undefined;
      return { folder, name: manifest.name ?? folder, rule, manifest };
    });
}

/** @param {string} root @param {string} file @returns {Manifest} */
function readManifest(root, file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}

/** @param {string} file @returns {string[]} the module specifiers it imports or re-exports */
function importsOf(file) {
  return ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles.map((reference) => reference.fileName);
}

/** @param {Package} pkg @param {string} file */
function isSourceOf(pkg, file) {
  if (pkg.folder === 'test') return file.startsWith('test/');
  // Beside src lies what configures the tools.
  return file.startsWith(`${pkg.folder}/src/`) || posix.dirname(file) === pkg.folder;
}

// Contract suites, which several packages run, live in folders named `testing`.
/** @param {string} file */
function isTest(file) {
  return file.endsWith('.test.ts') || file.startsWith('test/') || /\/src\/(.*\/)?testing\//.test(file);
}

// The tests of the checks import the scripts they prove.
/** @param {Package} pkg @param {string} target */
function isOwnScript(pkg, target) {
  return pkg.folder === 'test' && target.startsWith('infra/scripts/');
}

/** @param {string} specifier */
function packageNameOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** @param {ReadonlyMap<string, ReadonlySet<string>>} graph @returns {string[] | undefined} */
function findCycle(graph) {
  /** @type {Set<string>} */
  const finished = new Set();
  /** @param {string} name @param {readonly string[]} path @returns {string[] | undefined} */
  const visit = (name, path) => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (finished.has(name)) return undefined;
    for (const next of graph.get(name) ?? []) {
      const cycle = visit(next, [...path, name]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(name);
    return undefined;
  };
  for (const name of graph.keys()) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
