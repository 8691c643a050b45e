/** `order_items` and `OrderItems` are one name. */
export const plainName = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase()

const irregular: Readonly<Record<string, string>> = {
  people: 'person',
  children: 'child',
  statuses: 'status',
  addresses: 'address',
  indices: 'index',
  series: 'series',
  news: 'news',
  media: 'media',
  data: 'data',
}

/** `categories` → `category`, plain and in lower case. */
export const singular = (word: string): string => {
  const plain = plainName(word)
  const known = irregular[plain]
  if (known !== undefined) return known
  if (plain.endsWith('ies')) return plain.replace(/ies$/, 'y')
  if (/(ss|us|is)$/.test(plain)) return plain
  if (/(x|ch|sh|ss|z)es$/.test(plain)) return plain.replace(/es$/, '')
  return plain.replace(/s$/, '')
}

const suffix = /[-_.]?(ids?|uuids?|guid|slug|name|key|code|number|no|ref|handle|tag)$/i

/** `userId` → `user`, `id` → ``, `sku` → `sku`. */
const stemOf = (name: string): string => plainName(name.replace(suffix, ''))

/** Static segments of a path, versions left out. */
export const staticSegments = (path: string): readonly string[] =>
  path.split('/').filter((part) => part !== '' && !part.includes('{') && !/^(v\d+|api|rest)$/i.test(part))

/** What a parameter of a path identifies: `/users/{id}` → `user`. */
export const nounOfPathParameter = (path: string, name: string): string => {
  const before = path
    .slice(0, path.indexOf(`{${name}}`))
    .split('/')
    .filter((part) => part !== '')
  const parent = before.findLast((part) => !part.includes('{'))
  const stem = stemOf(name)
  return stem === '' || parent === undefined ? singular(parent ?? name) : singular(stem)
}

/** What a member or query parameter refers to, where its name ends as references do: `productId` → `product`. */
export const nounOfReference = (name: string): string | undefined => {
  if (!/[a-z0-9][-_]ids?$|[a-z0-9]I[dD]s?$|_uuid$|Uuid$|[-_]ref$/.test(name)) return undefined
  const stem = stemOf(name)
  return stem === '' ? undefined : singular(stem)
}

/** What the last static segment of a path names: `POST /shop/orders` makes an `order`. */
export const nounOfPath = (path: string): string => singular(staticSegments(path).at(-1) ?? '')
