import assert from 'node:assert/strict';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { EdgeScaling, type EdgeScalingProps } from '../../../constructs/aws/edge-scaling.ts';
import { planEdgeScaling } from '../../../infra/plan/edge-scaling.ts';
import { NODE_METRICS } from '../../../runtime/contract/node-metrics.ts';

const o3: EdgeScalingProps = {
  fleetName: 'iris-proof-tokyo-edge',
  environment: 'proof',
  region: 'tokyo',
  nodesMin: 200,
  connectionsHigh: 45_000,
  connectionsLow: 30_000,
};

function template(props: Partial<EdgeScalingProps> = {}): Template {
  const stack = new Stack(new App(), 'test');
  new EdgeScaling(stack, 'Scaling', { ...o3, ...props });
  return Template.fromStack(stack);
}

describe('scaling of edges (O3)', () => {
  it('grows on 45,000 connections or 70 % CPU, and neither of the two shrinks', () => {
    const policies = template().findResources('AWS::AutoScaling::ScalingPolicy', { Properties: { PolicyType: 'TargetTrackingScaling' } });
    const targets = Object.values(policies).map(({ Properties }) => Properties.TargetTrackingConfiguration);
    assert.deepEqual(
      targets.map(({ TargetValue, DisableScaleIn }) => [TargetValue, DisableScaleIn]),
      [
        [45_000, true],
        [70, true],
      ],
    );
  });

  it('shrinks by a twentieth only where connections and CPU have both been low for 15 minutes', () => {
    template().hasResourceProperties('AWS::AutoScaling::ScalingPolicy', {
      PolicyType: 'StepScaling',
      AdjustmentType: 'PercentChangeInCapacity',
      MinAdjustmentMagnitude: 1,
      StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: -5 }],
    });
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      EvaluationPeriods: 15,
      TreatMissingData: 'notBreaching',
      Metrics: Match.arrayWith([Match.objectLike({ Expression: 'IF(cpu < 40 AND connections < 30000, 1, 0)' })]),
    });
  });

  it('reads the connections and the processor that every edge publishes', () => {
    const text = JSON.stringify(template().toJSON());
    for (const name of ['iris_connections', 'iris_cpu_percent'] as const) {
      assert.ok((NODE_METRICS[name].roles as readonly string[]).includes('edge'));
      assert.equal([...text.matchAll(new RegExp(`"MetricName":"${name}","Namespace":"Iris/Node"`, 'g'))].length, 2);
    }
    const dimensions = /{"Name":"Environment","Value":"proof"},{"Name":"Region","Value":"tokyo"},{"Name":"Role","Value":"edge"}/g;
    assert.equal([...text.matchAll(dimensions)].length, 4);
  });

  it('takes one processor of eight for a full edge, since an edge is one event loop', () => {
    const plan = planEdgeScaling({ min: 200, max: 500, connectionsPerEdge: 50_000, cpus: 8 })!;
    assert.deepEqual([plan.cpuHigh, plan.cpuLow], [8.75, 5]);
  });

  it('is refused where a fleet that has grown would shrink again', () => {
    assert.throws(() => template({ nodesMin: 1 }), {
      code: 'SYNTH_FAILED',
      message: /would shrink as soon as it has grown from 1 nodes: connectionsLow is 30000, lower it to 22500/,
    });
    assert.throws(() => template({ cpuLow: 75 }), { message: /cpuLow is 75, lower it to 69/ });
  });

  it('settles under any steady load, from any size of fleet, by the thresholds of any plan', () => {
    for (const [min, max] of [
      [1, 2],
      [2, 4],
      [3, 9],
      [200, 500],
    ] as const) {
      const plan = planEdgeScaling({ min, max, connectionsPerEdge: 50_000, cpus: 1 })!;
      for (let load = 0; load <= max * 50_000; load += 12_347) {
        for (const start of [min, max]) {
          const turns = turnsOf({ ...plan, min, max, load, start });
          assert.ok(turns <= 1, `${min} to ${max} nodes from ${start} with ${load} connections: ${turns} turns`);
        }
      }
    }
  });

  it('has O3’s own thresholds for O3’s own fleet, and none where the fleet may not grow', () => {
    assert.deepEqual(planEdgeScaling({ min: 200, max: 500, connectionsPerEdge: 50_000, cpus: 1 }), {
      connectionsHigh: 45_000,
      connectionsLow: 30_000,
      cpuHigh: 70,
      cpuLow: 40,
    });
    // Machines of a hundred processors and edges of one connection still have thresholds that can be crossed.
    const largest = planEdgeScaling({ min: 1, max: 4, connectionsPerEdge: 1, cpus: 128 })!;
    assert.ok(largest.cpuLow > 0 && largest.cpuHigh > largest.cpuLow && largest.connectionsHigh >= 1);
    assert.equal(planEdgeScaling({ min: 4, max: 4, connectionsPerEdge: 50_000, cpus: 1 }), null);
  });
});

/** Changes between growing and shrinking until the fleet stands still; one is a fleet that has overshot once. */
function turnsOf({
  connectionsHigh,
  connectionsLow,
  min,
  max,
  load,
  start,
}: {
  readonly connectionsHigh: number;
  readonly connectionsLow: number;
  readonly min: number;
  readonly max: number;
  readonly load: number;
  readonly start: number;
}): number {
  let [nodes, last, turns] = [start, 0, 0];
  for (let step = 0; step < 1_000; step++) {
    const each = load / nodes;
    const tracked = Math.min(max, Math.ceil((nodes * each) / connectionsHigh));
    const wanted =
      each > connectionsHigh ? tracked : each < connectionsLow ? Math.max(min, nodes - Math.max(1, Math.trunc(nodes * 0.05))) : nodes;
    const way = Math.sign(wanted - nodes);
    if (way === 0) return turns;
    if (last !== 0 && way !== last) turns += 1;
    [nodes, last] = [wanted, way];
  }
  return Number.POSITIVE_INFINITY;
}
