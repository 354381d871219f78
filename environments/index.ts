export { defineEnvironment, type Environment, type EnvironmentConfig } from './environment.ts';
export { loadEnvironment } from './load-environment.ts';
export { presets } from './presets.ts';
export { proof } from './proof.ts';
export type { Region, RegionConfig } from './region.ts';
