import type { NodePackageOptions } from '../infra/package/node-package.ts';

/** Where fetched and compressed files are kept, when the user says so: on a machine without a registry the folder can be brought along. */
export function packageCache(env: Readonly<Record<string, string | undefined>>): Pick<NodePackageOptions, 'cacheDir'> {
  const folder = env['IRIS_CACHE'];
  return folder === undefined ? {} : { cacheDir: folder };
}
