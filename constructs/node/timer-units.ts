import { METRIC_PERIOD_SECONDS } from '../../runtime/contract/node-metrics.ts';

/**
 * Seconds between two looks at what Auto Scaling and the spot market intend: a small part of the two minutes' notice and of a hook's
 * timeout, and two requests to the metadata service each.
 */
export const WATCH_SECONDS = 10;

/**
 * Seconds between two questions for a newer config: 7,000 nodes ask AppConfig 23 times a second together, a rollout takes longer by no more, and each
 * question is paid for.
 */
export const UPDATE_SECONDS = 300;

/** Runs `boot.sh <instance>` once, as root: it stops the service and unmounts its volume. */
export function taskUnit(): string {
  return ['[Unit]', 'Description=Iris %i', '', '[Service]', 'Type=oneshot', 'ExecStart=/opt/iris/boot.sh %i', 'TimeoutStartSec=60'].join(
    '\n',
  );
}

/** Starts a task again so many seconds after it last began; the seconds may be a shell’s word. */
export function timerUnit(seconds: string): string {
  return [
    '[Timer]',
    `OnActiveSec=${seconds}`,
    `OnUnitActiveSec=${seconds}`,
    'AccuracySec=1',
    '',
    '[Install]',
    'WantedBy=timers.target',
  ].join('\n');
}

/** Tasks of the boot script with the seconds between their runs. */
export const TIMED_TASKS = { watch: WATCH_SECONDS, publish: METRIC_PERIOD_SECONDS, update: UPDATE_SECONDS } as const;
