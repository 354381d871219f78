/** O1, K10, A13: what a plan alarms on is what its template holds, and who is paged stays out of it. */
import { proof } from '../../../environments/proof.ts';
import { alarmName, alarmsOf, REGION_ALARM } from '../../../infra/plan/alarms.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { readTemplate, resourcesOfType, synthesizeEnvironment, type Template } from '../apps/synthesize-fixture.ts';

const plan = createPlan(proof);
const [tokyo] = plan.regions;
let template: Template;
let edges: Template;

beforeAll(async () => {
  const assembly = await synthesizeEnvironment({ ...proof, alerts: { pager: 'https', reader: 'email' } }, { regions: ['tokyo'] });
  template = readTemplate(assembly, 'iris-proof-tokyo-monitor');
  edges = readTemplate(assembly, 'iris-proof-tokyo-edge');
});

it('holds every alarm of the plan under its name, and a composite alarm over those that page', () => {
  const names = resourcesOfType(template, 'AWS::CloudWatch::Alarm').map(({ Properties }) => String(Properties?.['AlarmName']));
  const wanted = alarmsOf(plan, tokyo!);
  expect(names.toSorted()).toEqual(wanted.map(({ key }) => alarmName(tokyo!, key)).toSorted());
  const [composite] = resourcesOfType(template, 'AWS::CloudWatch::CompositeAlarm');
  expect(composite?.Properties?.['AlarmName']).toBe(alarmName(tokyo!, REGION_ALARM));
  const rule = String(composite?.Properties?.['AlarmRule']);
  expect(rule.match(/ALARM\(/g)).toHaveLength(wanted.filter(({ pages }) => pages).length);
});

it('has every alarm that breaks off the refresh of the region’s edges, ten at most, and none that cores or full machines set off', () => {
  const [group] = resourcesOfType(edges, 'AWS::AutoScaling::AutoScalingGroup') as unknown as [
    { UpdatePolicy: { AutoScalingInstanceRefresh: { Preferences: { AlarmSpecification: { Alarms: string[] } } } } },
  ];
  const named = group.UpdatePolicy.AutoScalingInstanceRefresh.Preferences.AlarmSpecification.Alarms;
  const made = new Map(alarmsOf(plan, tokyo!).map((alarm) => [alarmName(tokyo!, alarm.key), alarm]));
  expect(named.length).toBeGreaterThan(0);
  expect(named.length).toBeLessThanOrEqual(10);
  for (const name of named) {
    expect([name, made.get(name)?.key]).toEqual([name, expect.stringMatching(/^edge-/)]);
    expect(['latency', 'traffic', 'errors', 'service']).toContain(made.get(name)!.signal);
  }
});

it('watches the region’s nodes by the dimensions that they publish under, and its load balancer by the names that the edge stack leaves', () => {
  const text = JSON.stringify(resourcesOfType(template, 'AWS::CloudWatch::Alarm'));
  expect(text).toContain('[{"Name":"Environment","Value":"proof"},{"Name":"Region","Value":"tokyo"},{"Name":"Role","Value":"edge"}]');
  expect(text).toMatch(/\{"Name":"LoadBalancer","Value":\{"Ref":"EdgeBalancerName"\}\}/);
  expect(template.Parameters?.['EdgeBalancerName']?.Default).toBe('/iris/proof/tokyo/edge/balancer-name');
});

it('subscribes whom the environment names, at an endpoint that is no part of the template (A13)', () => {
  const endpoints = resourcesOfType(template, 'AWS::SNS::Subscription').map(({ Properties }): [string, unknown] => [
    String(Properties?.['Protocol']),
    Properties?.['Endpoint'],
  ]);
  expect(new Map(endpoints)).toEqual(new Map(Object.entries({ https: { Ref: 'PagerEndpoint' }, email: { Ref: 'ReaderEndpoint' } })));
  expect(template.Parameters?.['PagerEndpoint']?.Default).toBe('/iris/proof/pager-endpoint');
});
