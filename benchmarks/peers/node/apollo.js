// Apollo Server on Fastify, the fastest of its integrations.

import { readFileSync } from 'node:fs'
import { ApolloServer } from '@apollo/server'
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify'
import Fastify from 'fastify'
import { Loaders, resolvers } from './dataloaders.js'

const app = Fastify()
const apollo = new ApolloServer({
  typeDefs: readFileSync(new URL('./schema.graphql', import.meta.url), 'utf8'),
  resolvers,
  plugins: [fastifyApolloDrainPlugin(app)],
})
await apollo.start()
await app.register(fastifyApollo(apollo), { context: async () => ({ loaders: new Loaders() }) })
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
