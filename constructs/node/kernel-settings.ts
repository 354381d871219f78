/**
 * Kernel settings for 100,000 connections: queues for a storm of reconnects, small first buffers so that idle connections stay cheap,
 * ports for links, and no swapping of a process that holds inbox tails in memory.
 */
export function kernelSettings(): string {
  return [
    'fs.file-max = 2097152',
    'net.core.somaxconn = 8192',
    'net.core.netdev_max_backlog = 16384',
    'net.ipv4.tcp_max_syn_backlog = 16384',
    'net.ipv4.ip_local_port_range = 15000 65000',
    'net.ipv4.tcp_rmem = 4096 16384 4194304',
    'net.ipv4.tcp_wmem = 4096 16384 4194304',
    'net.ipv4.tcp_slow_start_after_idle = 0',
    'vm.swappiness = 1',
  ].join('\n');
}
