import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { defineConfig } from "vite";

const compress = promisify(gzip);

/** Write a compressed copy beside each file, so that the server never compresses one. */
function compressed() {
  return {
    name: "compressed",
    apply: "build",
    async writeBundle({ dir }) {
      const assets = join(dir, "assets");
      await Promise.all(
        (await readdir(assets)).map(async (name) => {
          const content = await readFile(join(assets, name));
          await writeFile(join(assets, `${name}.gz`), await compress(content, { level: 9 }));
        }),
      );
    },
  };
}

export default defineConfig({
  base: "/graphiql/",
  plugins: [compressed()],
  // Its warnings are about other projects' packages.
  logLevel: "error",
  worker: { format: "es" },
  build: {
    // Nothing is inlined, so that the page needs no data: addresses beyond those of its libraries.
    assetsInlineLimit: 0,
  },
});
