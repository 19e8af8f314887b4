/** Waits until a condition holds; throws with what was asked for when it does not in time. */
export const until = async (what: string, condition: () => boolean, limitSeconds = 20): Promise<void> => {
  const deadline = Date.now() + limitSeconds * 1000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in ${limitSeconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
