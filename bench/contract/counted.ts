/** `1 case`, `2 cases`; `several` where that takes more than an s behind `one`, as of verbs. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
