// PostGraphile 5, with its Amber preset, on all tables of the portal's database; PROCESSES of it, by Node's cluster.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { grafserv } from "postgraphile/grafserv/node";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { postgraphile } from "postgraphile";

// Names of fields do not say that a key has the partner in it.
const Names = {
  name: "NamesPlugin",
  version: "1.0.0",
  inflection: {
    replace: {
      _joinAttributeNames(previous, _options, codec, names) {
        const own = names.filter((name) => name !== "partner_id");
        return previous(codec, own.length ? own : names);
      },
    },
  },
};

const processes = Number(process.env.PROCESSES);

if (cluster.isPrimary && processes > 1) {
  for (let number = 0; number < processes; number += 1) cluster.fork();
  process.on("SIGTERM", () => process.exit(0)); // Its workers end with it.
} else {
  const instance = postgraphile({
    extends: [PostGraphileAmberPreset],
    plugins: [Names],
    // The lists of the workloads are ordered by columns that an index has in the second place.
    disablePlugins: ["PgIndexBehaviorsPlugin"],
    pgServices: [makePgService({ connectionString: process.env.POSTGRESQL, schemas: ["public"] })],
    grafserv: { port: Number(process.env.PORT), graphqlPath: "/graphql", graphiql: false, watch: false },
  });
  const server = createServer();
  server.on("error", (error) => {
    console.error(error);
    process.exit(1);
  });
  await instance.createServ(grafserv).addTo(server);
  server.listen(Number(process.env.PORT), "127.0.0.1");
}
