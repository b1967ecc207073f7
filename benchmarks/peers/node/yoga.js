// GraphQL Yoga on Node's own HTTP server, with graphql-jit.

import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { useGraphQlJit } from '@envelop/graphql-jit'
import { createSchema, createYoga } from 'graphql-yoga'
import { Loaders, resolvers } from './dataloaders.js'

const yoga = createYoga({
  schema: createSchema({
    typeDefs: readFileSync(new URL('./schema.graphql', import.meta.url), 'utf8'),
    resolvers,
  }),
  plugins: [useGraphQlJit()],
  context: () => ({ loaders: new Loaders() }),
  graphiql: false,
  logging: false,
})
createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1')
