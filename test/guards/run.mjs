// `npm run mutants [-- WORD…]`: mutants.ts needs no build of its own, vite (which vitest brings) reads it as it is.
import { join } from "node:path";
import { runnerImport } from "vite";

const { module } = await runnerImport(join(import.meta.dirname, "mutants.ts"));
process.exitCode = await module.main(process.argv.slice(2));
process.exit();
