// What relations are loaded by: many keys in, as many results out, in the order of the keys.

import * as database from './database.js'

const byId = (find) => (ids) => {
  const found = new Map(find([...new Set(ids)]).map((row) => [row.id, row]))
  return ids.map((id) => found.get(id) ?? null)
}

const grouped = (rows, key) => {
  const groups = new Map()
  for (const row of rows) {
    const group = groups.get(row[key])
    if (group) group.push(row)
    else groups.set(row[key], [row])
  }
  return groups
}

export const products = byId(database.productsByIds)
export const clients = byId(database.clientsByIds)
export const users = byId(database.usersByIds)

export const itemsOfOrders = (ids) => {
  const found = grouped(database.itemsOfOrders(ids), 'orderId')
  return ids.map((id) => found.get(id) ?? [])
}

export const activationsOfClients = (ids, first) => {
  const found = grouped(database.activationsOfClients(ids, first), 'clientId')
  return ids.map((id) => database.activationsOfClient(found.get(id) ?? [], first))
}
