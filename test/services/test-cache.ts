import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where what tests fetch or build is kept between runs. */
export const TEST_CACHE = process.env['IRIS_TEST_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'iris-test');
