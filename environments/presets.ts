import type { Environment } from './environment.ts';
import { growth } from './growth.ts';
import { planet } from './planet.ts';
import { proof } from './proof.ts';
import { scale } from './scale.ts';
import { validation } from './validation.ts';

/** The environments that ship with the package, smallest first; a command takes them by name. */
export const presets: ReadonlyMap<string, Environment> = new Map(
  [proof, validation, growth, scale, planet].map((preset) => [preset.name, preset]),
);
