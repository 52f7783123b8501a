// Loaded before the program, with --expose-gc: on SIGUSR2 it collects its garbage and says on stderr what is left.
process.on("SIGUSR2", () => {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.stderr.write(`soak: ${heapUsed + external} ${rss}\n`);
});
