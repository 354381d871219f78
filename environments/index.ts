export { defineEnvironment, type Environment, type EnvironmentConfig } from './environment.ts';
export { growth } from './growth.ts';
export { loadEnvironment } from './load-environment.ts';
export { planet } from './planet.ts';
export { presets } from './presets.ts';
export { proof } from './proof.ts';
export type { Region, RegionConfig } from './region.ts';
export { scale } from './scale.ts';
export { validation } from './validation.ts';
