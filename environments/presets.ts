import type { Environment } from './environment.ts';
import { proof } from './proof.ts';

/** The environments that ship with the package, smallest first; a command takes them by name. */
export const presets: ReadonlyMap<string, Environment> = new Map([proof].map((preset) => [preset.name, preset]));
