/**
 * Processor time of a synchronous call, in milliseconds: what it costs, however busy the machine is with other things.
 */
export function costOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
