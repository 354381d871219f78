import {
  DIRECTORY_VARIABLE,
  KAFKA_BROKERS_VARIABLE,
  STORE_AUTHORITY_PATH,
  STORE_LOGIN_PATH,
} from '../../runtime/contract/engine-addresses.ts';
import { CONFIG_REJECTED_METRIC, METRIC_NAMESPACE, publishedMetrics } from '../../runtime/contract/node-metrics.ts';
import { BOOT_FUNCTIONS } from './boot-functions.ts';
import { edgeKernelSettings, kernelSettings } from './kernel-settings.ts';
import { printed } from './printed-text.ts';
import { TIMED_TASKS, taskUnit, timerUnit } from './timer-units.ts';
import { UPDATE_FUNCTIONS } from './update-functions.ts';
import { WATCH_FUNCTIONS } from './watch-functions.ts';

/** Where a package has its boot tasks. */
export const BOOT_TASKS_FILE = 'boot-tasks.sh';

/** Name of the life-cycle hook that a leaving node answers, in the group that its tag `Name` names. */
export const LIFECYCLE_HOOK = 'drain';

/** Begins every metric’s name; left out of the lists. */
const METRIC_PREFIX = 'iris_';

/**
 * What the boot script reads from the package once its hash was checked: everything that is the same for all nodes of a release, so that
 * user data, of which EC2 takes 16 KB, holds little more than addresses and hashes.
 */
export function bootTasks(): string {
  return [
    '# Iris node tasks: read by boot.sh, which has the variables.',
    ...constants(),
    '',
    ...printed('task_text', taskUnit()),
    ...printed('timer_text', timerUnit('$1'), { isFilledIn: true }),
    ...printed('kernel_text', kernelSettings()),
    ...printed('edge_kernel_text', edgeKernelSettings()),
    BOOT_FUNCTIONS,
    WATCH_FUNCTIONS,
    UPDATE_FUNCTIONS,
  ].join('\n');
}

function constants(): string[] {
  const values: Record<string, string> = {
    BUS_VARIABLE: KAFKA_BROKERS_VARIABLE,
    DIRECTORY_VARIABLE,
    STORE_LOGIN_PATH,
    STORE_AUTHORITY_PATH,
    LIFECYCLE_HOOK,
    METRIC_NAMESPACE,
    METRIC_PREFIX,
    REJECTED_METRIC: CONFIG_REJECTED_METRIC,
    METRIC_NAMES_EDGE: metricNames('edge'),
    METRIC_NAMES_CORE: metricNames('core'),
    TIMERS: Object.entries(TIMED_TASKS)
      .map((task) => task.join(':'))
      .join(' '),
  };
  return Object.entries(values).map(([name, value]) => `readonly ${name}='${value}'`);
}

function metricNames(role: 'edge' | 'core'): string {
  return publishedMetrics(role)
    .map((metric) => metric.slice(METRIC_PREFIX.length))
    .join(' ');
}
