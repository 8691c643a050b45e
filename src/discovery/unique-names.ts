/** Two of one name become `vllm` and `vllm-2`. */
export const uniquelyNamed = <Named extends { readonly name: string }>(all: readonly Named[]): Named[] => {
  const taken = new Set<string>()
  return all.map((one) => {
    let name = one.name
    for (let count = 2; taken.has(name); count += 1) name = `${one.name}-${count}`
    taken.add(name)
    return name === one.name ? one : { ...one, name }
  })
}
