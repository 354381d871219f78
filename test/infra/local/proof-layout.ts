import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
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

/** A row of free ports: the system names a free one, and rows of test workers lie apart. */
export async function freePortRow(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === 'object' && address !== null ? Math.min(address.port, 65_000) : 20_000;
}
