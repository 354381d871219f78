#!/usr/bin/env node
/**
 * Starts the CLI on the pinned Node. Plain JavaScript, so that the system's Node can read it whatever its age (18 and later): a Node
 * older than 24 hands over to the one that npm installed with the package and passes signals and the exit code on.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NODE_MAJOR_MIN = 24;
const here = dirname(fileURLToPath(import.meta.url));

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) {
  module.enableCompileCache();
  await import(pathToFileURL(entryPoint()).href);
} else {
  const node = pinnedNode();
  if (node === undefined) {
    process.stderr.write(
      `iris: needs Node ${NODE_MAJOR_MIN} or later, this is ${process.versions.node}, and node-${process.platform}-${process.arch} is not installed; run npm ci with optional dependencies, or start iris with Node ${NODE_MAJOR_MIN}\n`,
    );
    process.exit(1);
  }
  handOver(node);
}

/** An installed package holds only the compiled form: Node refuses to strip types under node_modules. */
function entryPoint() {
  const source = join(here, 'iris.ts');
  const isInstalled = here.split(/[\\/]/).includes('node_modules');
  return !isInstalled && existsSync(source) ? source : join(here, '..', 'dist', 'bin', 'iris.js');
}

/** The Node of the package's optional dependency, looked up from the package first and then from the project that runs it. */
function pinnedNode() {
  const name = `node-${process.platform}-${process.arch}`;
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), 'package.json')).href]) {
    try {
      const path = join(dirname(module.createRequire(from).resolve(`${name}/package.json`)), 'bin', 'node');
      if (existsSync(path)) return path;
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return undefined;
}

/** The open channel tells the child when this process is killed without a chance to pass a signal on. */
function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`iris: ${node} cannot be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
