// @platformatic/kafka for jest, which imports no ES modules: one CommonJS file, bundled when the installed version has none yet.
const { existsSync, mkdirSync, renameSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { buildSync } = require('esbuild');

const root = resolve(__dirname, '../..');
const folder = join(root, 'node_modules/@platformatic/kafka');
const { version } = require(join(folder, 'package.json'));
const bundle = join(root, 'node_modules/.cache/iris', `kafka-driver-${version}.cjs`);

if (!existsSync(bundle)) {
  mkdirSync(join(bundle, '..'), { recursive: true });
  const outfile = `${bundle}.${process.pid}`;
  buildSync({
    entryPoints: [join(folder, 'dist/index.js')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    // The same with its WebAssembly inside, instead of in a file beside the module.
    alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
    define: { 'import.meta.url': '__importMetaUrl', 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    banner: { js: "const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'error',
  });
  renameSync(outfile, bundle);
}
module.exports = require(bundle);
