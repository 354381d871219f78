import { IrisError } from '../contract/errors.ts';
import { type HelloFrame, Reads } from '../wire/v2/hello.ts';
import { FETCH_VERSION, VERSION_MAX, VERSION_MIN } from '../wire/v2/opcodes.ts';

/** The highest version that a client and this release speak (X16). @throws IrisError VERSION_UNSUPPORTED */
export function agreedVersion({ versionMin, versionMax, reads }: HelloFrame): number {
  const version = Math.min(versionMax, VERSION_MAX);
  if (version < Math.max(versionMin, VERSION_MIN))
    throw new IrisError(
      'VERSION_UNSUPPORTED',
      `client speaks versions ${versionMin} to ${versionMax}, server ${VERSION_MIN} to ${VERSION_MAX}`,
    );
  if (reads === Reads.shares && version < FETCH_VERSION)
    throw new IrisError('VERSION_UNSUPPORTED', `a connection that reads shares speaks version ${FETCH_VERSION}, not ${version}`);
  return version;
}
