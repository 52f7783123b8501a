// `npm run soak -- blob|many|faults|gate|all [SIZE]`: vite, which vitest brings, reads soak.ts as it is; what it looks at is the build.
import { join } from "node:path";
import { runnerImport } from "vite";
import { verify } from "../../dist/index.js";

const { module } = await runnerImport(join(import.meta.dirname, "soak.ts"));
process.exitCode = await module.main(process.argv.slice(2), verify);
process.exit();
