import { flagsOf, NODE_ENVIRONMENT } from '../../runtime/contract/node-flags.ts';

export interface ServiceUnitProps {
  readonly role: 'edge' | 'core';
  readonly stopTimeoutSeconds: number;
}

/**
 * The systemd unit: unprivileged, restarted for ever, drained by SIGTERM. Before each start the script looks for a newer config as root;
 * it keeps the last good one where that fails. MemoryDenyWriteExecute is left out: V8 compiles at run time.
 */
export function serviceUnit({ role, stopTimeoutSeconds }: ServiceUnitProps): string {
  return [
    '[Unit]',
    `Description=Iris ${role}`,
    'Wants=network-online.target',
    'After=network-online.target',
    'RequiresMountsFor=/var/lib/iris/store',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    'User=iris',
    'Group=iris',
    ...Object.entries(NODE_ENVIRONMENT).map(([name, value]) => `Environment=${name}=${value}`),
    'EnvironmentFile=/etc/iris/node.env',
    // Written anew by the refresh; only where there are engines.
    'EnvironmentFile=-/etc/iris/engines.env',
    'WorkingDirectory=/var/lib/iris',
    'ExecStartPre=+/opt/iris/boot.sh refresh',
    `ExecStart=/opt/iris/current/node ${flagsOf(role).join(' ')} /opt/iris/current/${role}.mjs /etc/iris/node.json`,
    'Restart=always',
    'RestartSec=1',
    'KillSignal=SIGTERM',
    'KillMode=mixed',
    // The refresh before a first start waits for pointers for up to five minutes each.
    'TimeoutStartSec=1200',
    `TimeoutStopSec=${stopTimeoutSeconds}`,
    'LimitNOFILE=1048576',
    'NoNewPrivileges=true',
    'CapabilityBoundingSet=',
    'ProtectSystem=strict',
    'ReadWritePaths=/var/lib/iris',
    'ProtectHome=true',
    'PrivateTmp=true',
    'PrivateDevices=true',
    'ProtectKernelTunables=true',
    'ProtectKernelModules=true',
    'ProtectControlGroups=true',
    'RestrictSUIDSGID=true',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'LockPersonality=true',
    'UMask=0077',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n');
}
