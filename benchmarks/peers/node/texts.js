// Ids, cursors, money and names, written as the portal writes them, so that everybody is asked the same.

const encode = (text) => Buffer.from(text).toString('base64url')
const decode = (text) => Buffer.from(text, 'base64url').toString()

export const globalId = (type, id) => encode(`${type}:${id}`)

export const numberOf = (type, text) => {
  const [found, id] = decode(text).split(':')
  return found === type ? Number(id) : 0
}

// A cursor holds the order of its list, the partner, and the sort key and id of its row.
export const cursor = (order, partnerId, key, id) => encode(JSON.stringify([order, partnerId, key, id]))

export const position = (order, partnerId, text) => {
  const [ofOrder, ofPartner, key, id] = JSON.parse(decode(text))
  if (ofOrder !== order || ofPartner !== partnerId) throw new Error('“after” must be a cursor of this list.')
  return { key, id }
}

// Moments are stored with six places and a Z; a cursor has them as ISO 8601 has an offset.
export const momentOfCursor = (key) => {
  const [date, fraction = ''] = key.slice(0, -'+00:00'.length).split('.')
  return `${date}.${fraction.padEnd(6, '0')}Z`
}

export const cursorOfMoment = (stored) => `${shownMoment(stored).slice(0, -1)}+00:00`

export const shownMoment = (stored) => stored.replace('.000000Z', 'Z')

export const storedNow = () => `${new Date().toISOString().slice(0, -1)}000Z`

export const reais = (cents) => `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, '0')}`

// Names are searched without accents and case.
export const folded = (name) =>
  name.normalize('NFKD').toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '').trim().split(/\s+/).join(' ')

export const anywhere = (part) => `%${part.replace(/[/%_]/g, '/$&')}%`
