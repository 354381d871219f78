// Jest's transform: TypeScript to CommonJS by esbuild, with import.meta.url kept true.
const { createHash } = require('node:crypto');
const { transformSync } = require('esbuild');

const options = {
  loader: 'ts',
  format: 'cjs',
  // A driver that is imported when needed is required here: jest runs no ES modules.
  supported: { 'dynamic-import': false },
  target: 'node24',
  sourcemap: 'inline',
  define: { 'import.meta.url': '__importMetaUrl', 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  banner: "const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;",
};

module.exports = {
  getCacheKey: (source, path) => createHash('sha256').update(JSON.stringify(options)).update(path).update(source).digest('hex'),
  process: (source, path) => ({ code: transformSync(source, { ...options, sourcefile: path }).code }),
};
