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

/**
 * What an edge has beside them. Timestamps are 12 bytes of each packet, a fifth of a heartbeat, and who leaves for the Internet pays for each. They
 * serve to measure round trips, which slow and idle connections do by their acknowledgements, and to tell old sequence numbers from new
 * ones, which repeat after 4 GB. Without them SYN cookies cannot carry window scaling: under a flood new connections have windows of 64 KB.
 */
export function edgeKernelSettings(): string {
  return 'net.ipv4.tcp_timestamps = 0';
}
