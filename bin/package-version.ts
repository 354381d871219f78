import { readFileSync } from 'node:fs';

/** This release. The manifest is one folder up from the source and two from the compiled form. */
export function packageVersion(): string {
  const isCompiled = import.meta.url.endsWith('.js');
  const manifest: unknown = JSON.parse(
    readFileSync(new URL(isCompiled ? '../../package.json' : '../package.json', import.meta.url), 'utf8'),
  );
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}
