/**
 * A pure function of one immutable object that computes once for each object: what it found goes with the object, nothing else can see
 * or change it, and the result of the function stays what it was.
 */
export const oncePer = <Key extends object, Value>(compute: (key: Key) => Value): ((key: Key) => Value) => {
  const found = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    const known = found.get(key);
    if (known !== undefined) return known.value;
    const value = compute(key);
    found.set(key, { value });
    return value;
  };
};
