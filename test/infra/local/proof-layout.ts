import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { proof } from '../../../environments/proof.ts';
import { type FleetLayout, layoutFleet } from '../../../infra/local/fleet-layout.ts';
import { fleetShape, type ShapeOptions } from '../../../infra/local/fleet-shape.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { nodeConfigsOf } from '../../../infra/plan/node-configs.ts';

export const proofPlan = createPlan(proof);

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'iris-fleet-'));
}

/** Proof on a row of ports and in a folder of the caller's. */
export function proofLayout(options: { stateDirectory: string; basePort: number } & Partial<ShapeOptions>): FleetLayout {
  const { stateDirectory, basePort, ...shape } = options;
  return layoutFleet(fleetShape(proofPlan, { isShrunk: false, ...shape }), {
    stateDirectory,
    basePort,
    documentsOf: (region) => nodeConfigsOf(proofPlan, region),
  });
}
