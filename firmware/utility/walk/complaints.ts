/** Different complaints remembered, so that none is repeated at every poll. */
const SAID_MAX = 200;

/** What is wrong with each resource, so that it is said when it is news. */
export class Complaints {
  readonly #said = new Map<string, string>();

  /** True: `text` is news about `subject`. An empty one: nothing is wrong any more. */
  isNews(subject: string, text: string): boolean {
    if (text === '') {
      this.#said.delete(subject);
      return false;
    }
    if (this.#said.get(subject) === text) return false;
    if (this.#said.size >= SAID_MAX) this.#said.clear();
    this.#said.set(subject, text);
    return true;
  }
}
